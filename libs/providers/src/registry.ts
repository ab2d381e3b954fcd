// One line a provider, made from the folders by `npm run registry`.
export { github } from './github/index.ts'
export { tapPayments } from './tap_payments/index.ts'
