// Vitest evaluates this anew before each test file, but what it imports only once in each worker.
import './keys/quick-keys.js'
