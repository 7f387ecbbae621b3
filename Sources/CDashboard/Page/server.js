// What the server is asked.

/** The JSON of a path; throws where there is none. */
export async function ask(path) {
  const answer = await fetch(path, { cache: 'no-store' })
  if (!answer.ok) throw new Error(answer.status)
  return answer.json()
}
