import { AuthSchemeTypes } from '@holdfast/sdk'
import { InvalidArgumentError, Option } from 'commander'

export const schemeOption = (): Option =>
  new Option('--scheme <scheme>', 'how the users authenticate, such as API_KEY or OAUTH2')
    .choices(Object.values(AuthSchemeTypes))
    .argParser((value) => {
      const scheme = value.toUpperCase()
      const known = Object.values<string>(AuthSchemeTypes)
      if (known.includes(scheme)) return scheme
      throw new InvalidArgumentError(`Give one of ${known.join(', ')}.`)
    })
