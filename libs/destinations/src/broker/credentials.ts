import { z } from 'zod'

/** A user name or a password, of any broker. */
export const secretText = z.string().min(1).max(1_024)

/** Fields that make sense only together: both, or neither. */
export function together(one: string, other: string) {
  return (given: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    const missing = [one, other].filter((name) => given[name] === undefined)
    if (missing.length === 1)
      context.addIssue({ code: 'custom', path: missing, params: TOGETHER(one, other) })
  }
}

function TOGETHER(one: string, other: string) {
  return {
    code: 'incomplete_credentials',
    message: {
      en: `\`${one}\` and \`${other}\` go together: give both, or neither.`,
      ar: `يجب إدخال \`${one}\` و\`${other}\` معًا، أو ترك كليهما.`,
    },
  }
}
