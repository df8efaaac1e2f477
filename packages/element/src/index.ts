export * from './contract.js'
export * from './token/check-token.js'
