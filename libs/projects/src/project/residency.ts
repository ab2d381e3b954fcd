import type { Settings } from '@app/config'
import { type Problem } from '@app/http'
import { ResidencyUnmet } from '../projects.problems.ts'

/** The refusal of whatever would be kept for a project whose data may lie in these countries only; null: all is well. */
export function residencyProblem(
  settings: Pick<Settings, 'get' | 'bodyStoreUrl'>,
  allowed: readonly string[],
): Problem | null {
  if (allowed.length === 0) return null
  const told = settings.get('DATA_COUNTRY')
  const elsewhere = [told, countryOfStore(settings.bodyStoreUrl) ?? told].find(
    (country) => country === undefined || !allowed.includes(country),
  )
  if (told !== undefined && elsewhere === undefined) return null
  return ResidencyUnmet({ values: { country: elsewhere ?? '?' } })
}

/** AWS says with its region where a bucket lies; of any other store only the operator knows. */
function countryOfStore({ protocol, searchParams }: URL): string | undefined {
  const endpoint = searchParams.get('endpoint')
  if (protocol !== 's3:' || (endpoint !== null && !/\.amazonaws\.com(\.cn)?$/.test(hostOf(endpoint)))) return
  const region = searchParams.get('region') ?? ''
  return AWS_COUNTRIES[region] ?? /^(us|ca|cn)-/.exec(region)?.[1]?.toUpperCase()
}

function hostOf(endpoint: string): string {
  return URL.canParse(endpoint) ? new URL(endpoint).hostname : ''
}

const AWS_COUNTRIES: Readonly<Record<string, string>> = {
  'me-south-1': 'BH',
  'me-central-1': 'AE',
  'il-central-1': 'IL',
  'af-south-1': 'ZA',
  'eu-central-1': 'DE',
  'eu-central-2': 'CH',
  'eu-west-1': 'IE',
  'eu-west-2': 'GB',
  'eu-west-3': 'FR',
  'eu-north-1': 'SE',
  'eu-south-1': 'IT',
  'eu-south-2': 'ES',
  'ap-south-1': 'IN',
  'ap-south-2': 'IN',
  'ap-east-1': 'HK',
  'ap-southeast-1': 'SG',
  'ap-southeast-2': 'AU',
  'ap-southeast-3': 'ID',
  'ap-southeast-4': 'AU',
  'ap-southeast-5': 'MY',
  'ap-southeast-7': 'TH',
  'ap-northeast-1': 'JP',
  'ap-northeast-2': 'KR',
  'ap-northeast-3': 'JP',
  'mx-central-1': 'MX',
  'sa-east-1': 'BR',
}
