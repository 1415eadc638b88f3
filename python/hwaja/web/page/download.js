/** A file for the person to keep. */

/** How long the text stays where the browser fetches it: long enough for the slowest to have begun. */
const FETCHED_WITHIN_MS = 60000;

/** Have the browser save a text or bytes; `type` is the media type. */
export function download(content, type, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  // Some browsers, like Safari, fetch it only after this event, or once the person has agreed.
  setTimeout(() => URL.revokeObjectURL(link.href), FETCHED_WITHIN_MS);
}
