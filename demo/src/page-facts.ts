/** What the site's server tells its page: where everything is. Written into the page as JSON. */
export interface PageFacts {
  /** Origin of the token server. */
  tokenServer: string
  /** Origin of the emulated chat page and API. */
  chatOrigin: string
  events: Record<string, { id: string; publicId: string; name: string }>
  /** What the site writes into the page for its visitor, where a scenario is about identity sources. */
  visitor?: VisitorFacts
}

export interface VisitorFacts {
  /** An identity token for the element. */
  identity?: string
  /** Of the personal link that led here. */
  fragment?: string
  /** The token endpoint behind the site's own proxy. */
  tokenUrl?: string
}

export const FACTS_ID = 'page-facts'

/** Reads them from the page. */
export const readFacts = (): PageFacts =>
  JSON.parse(document.getElementById(FACTS_ID)?.textContent ?? '{}') as PageFacts
