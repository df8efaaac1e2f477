const seats: (object | undefined)[] = []

/** The number of an unnamed chat among those on the page, from 1: two frames must not have one name. */
export function takeSeat(chat: object): number {
  let seat = seats.indexOf(chat)
  if (seat < 0) {
    seat = seats.findIndex((taken) => !taken)
    if (seat < 0) seat = seats.length
    seats[seat] = chat
  }
  return seat + 1
}

export function leaveSeat(chat: object): void {
  const seat = seats.indexOf(chat)
  if (seat >= 0) seats[seat] = undefined
}
