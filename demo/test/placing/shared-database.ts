import { lend } from '../e2e/lending.js'
import { SHARED_DATABASE, startDatabaseServer } from './wordpress-database.js'

/** Lends one database server to all test files of a run. */
export default () => lend(SHARED_DATABASE, startDatabaseServer, ({ host }) => host)
