/** What a recogniser can learn from corrections. */

/** The protocol's bounds: so many hotwords, of so many characters. */
const MOST_WORDS = 100;
const MOST_CHARACTERS = 50;

/** A single syllable is found everywhere. */
const LEAST_CHARACTERS = 2;

/**
 * Endings that stand behind a Korean noun, of those that hardly end a noun themselves. What is left has
 * two syllables or more.
 */
const ENDING = /^(.{2,}?)(?:에서|에게|한테|께서|까지|부터|으로|이랑|이라고|라고|입니다|이에요|예요|을|를)$/;

/**
 * Return the words that are in the texts of entries, but not in what the server had heard, and names.
 *
 * @param {object[]} entries of a Transcript
 * @param {string[]} names
 */
export function learnedWords(entries, names) {
  const learned = new Set(names.map((name) => name.trim()).filter(isUsable));
  for (const { text, heard } of entries) {
    if (text === heard) continue;
    const known = new Set(wordsOf(heard));
    for (const word of wordsOf(text)) if (!known.has(word)) learned.add(word);
  }
  return [...learned].slice(-MOST_WORDS);
}

function wordsOf(text) {
  return text
    .split(/[\s.,!?…~·:;"'“”‘’()[\]]+/)
    .map((word) => word.replace(ENDING, '$1'))
    .filter(isUsable);
}

function isUsable(word) {
  return word.length >= LEAST_CHARACTERS && word.length <= MOST_CHARACTERS;
}
