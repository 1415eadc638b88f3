/** The server of this page: whether it is there, and what it tells of itself. */

/** Whether the server is there at all: a browser does not say why a WebSocket was refused. */
export async function isThere() {
  try {
    await fetch('/readyz', { cache: 'no-store' });
    return true;
  } catch (error) {
    return false;
  }
}

/** Return `{peers, consent}`: servers that can take over, and what people are to agree to. */
export async function serverSays() {
  try {
    const answer = await fetch('/page/server.json', { cache: 'no-store' });
    if (answer.ok) return await answer.json();
  } catch (error) {
    // It is not there.
  }
  return { peers: [], consent: null };
}
