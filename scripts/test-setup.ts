// Runs before each test file in Node.
import { startWithFirstKey } from './prepared-keys.js'

startWithFirstKey()
