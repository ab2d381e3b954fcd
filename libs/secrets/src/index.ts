export { hmacSha256, randomToken, sameSecret, sha256 } from './digests.ts'
export {
  decrypt,
  encrypt,
  type Envelope,
  EncryptionKeyMissing,
  EnvelopeBroken,
  isEnvelope,
  type Place,
  SEALING_BYTES,
} from './envelope.ts'
export { type DataKey, type EncryptionKey, KeyRing, KeySource } from './key-ring.ts'
export { drawn } from './randomness.ts'
export { Secret } from './secret.ts'
export { SecretsModule } from './secrets.module.ts'
export { errorFields } from './redaction/error-fields.ts'
export {
  type RedactionOptions,
  redactForm,
  redactHeaders,
  redactJson,
  redactText,
  redactUrl,
} from './redaction/redact.ts'
