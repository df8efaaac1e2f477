/** The chats on the page by their names: two of one name are told apart by a number that each keeps while it stays. */
const seats = new Map<Element, { name: string; seat: number }>()

/** The accessible name of a chat and of its frame: as given, with a number where another chat has it already. */
export function chatName(chat: Element, name: string): string {
  let own = seats.get(chat)
  if (own?.name !== name) {
    const taken = [...seats.values()].filter((other) => other.name === name).map(({ seat }) => seat)
    let seat = 1
    while (taken.includes(seat)) seat++
    own = { name, seat }
    seats.set(chat, own)
  }
  return own.seat > 1 ? `${name} ${own.seat}` : name
}

/** A chat that has left the page needs no name. */
export const forgetName = (chat: Element): void => void seats.delete(chat)
