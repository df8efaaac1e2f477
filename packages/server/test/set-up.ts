// Vitest evaluates this file before each test file, but its imports only once in each worker.
import './keys/quick-keys.js'
