import { css } from 'lit'
import { box } from './styles/box.js'
import { content } from './styles/content.js'
import { debug } from './styles/debug.js'

/** One sheet for every element. */
export const styles = css`
  ${box}${content}${debug}
`
