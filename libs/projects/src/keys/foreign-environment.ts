import { type Caller, InvalidFields } from '@app/http'

/** A key of one environment makes nothing in another. */
export function refuseForeignEnvironment(
  { environment: own }: Pick<Caller, 'environment'>,
  wished: Caller['environment'],
): void {
  if (own === null || own === wished) return
  throw InvalidFields({
    errors: [
      {
        pointer: '/environment',
        code: 'foreign_environment',
        message: {
          en: `This key works in "${own}" only.`,
          ar: `هذا المفتاح يعمل في البيئة «${own}» فقط.`,
        },
      },
    ],
  })
}
