import { EgressFailure } from '@app/egress'
import { SQSServiceException } from '@aws-sdk/client-sqs'
import { type BrokerCode, BrokerFailure, causes } from '../broker/broker-failure.ts'

const PROOF =
  /^(AccessDenied|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidSignature|IncompleteSignature|MissingAuthenticationToken|ExpiredToken|InvalidSecurity|InvalidAccessKeyId|NotAuthorized|OptInRequired|KmsAccessDenied|KMS\.AccessDenied)/
const MISSING = /NonExistentQueue|QueueDoesNotExist|QueueDeletedRecently|InvalidAddress/
const REFUSED = /^(Invalid|Unsupported|Missing|Malformed|Validation)/

/** What the client and the service mean. */
export function sqsMeaning(error: unknown): BrokerFailure | undefined {
  for (const cause of causes(error)) {
    if (cause instanceof EgressFailure) return ofTheWay(cause)
    if (cause instanceof SQSServiceException) return ofTheService(cause)
  }
  return undefined
}

function ofTheWay({ code, status }: EgressFailure): BrokerFailure {
  const ours: Partial<Record<EgressFailure['code'], BrokerCode>> = {
    refused_address: 'refused_address',
    provider_unavailable: 'unreachable',
    provider_timeout: 'timeout',
  }
  return new BrokerFailure(ours[code] ?? 'broker_error', { ...(status !== undefined && { status }) })
}

function ofTheService({ name, message, $metadata }: SQSServiceException): BrokerFailure {
  const status = $metadata.httpStatusCode ?? 0
  const told = { said: `${name}: ${message}`, status, linkIsFine: true }
  if (PROOF.test(name)) return new BrokerFailure('unauthorized', told)
  if (MISSING.test(name)) return new BrokerFailure('not_found', told)
  if (status === 401 || status === 403) return new BrokerFailure('unauthorized', told)
  if (!REFUSED.test(name)) return new BrokerFailure('broker_error', { ...told, linkIsFine: false })
  // Characters that SQS does not take: they will be in it the next time too.
  return new BrokerFailure('rejected', { ...told, permanent: name === 'InvalidMessageContents' })
}
