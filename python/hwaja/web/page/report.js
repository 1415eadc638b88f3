/** A conversation to hand over: when it was, who spoke how much, and what was said. */

import { clockOf, dateOf, timeOf } from './formats.js';
import { languageNow, t } from './language.js';
import { isDoubtful, isStranger } from './transcript.js';

/**
 * Return what an export holds.
 *
 * @param {object[]} entries of a Transcript, at least one
 * @param {function(object): string} nameOf what who said an entry is called
 * @returns {{title: string, facts: string[][], began: Date, lastedSeconds: number, persons: object[],
 *   sentences: object[]}} `facts` are a name and a value each, for people to read. A person is `{name, seconds,
 *   share}`, by how much they spoke; a sentence is its entry with its `name`, its `doubt` (empty: none), its
 *   `clock` of this place, and `by`: the name with the doubt
 */
export function reportOf(entries, nameOf) {
  const began = new Date(entries[0].timestamp);
  const endSeconds = entries.reduce((end, entry) => Math.max(end, entry.endSeconds), 0);
  const lastedSeconds = endSeconds - entries[0].startSeconds;
  const persons = personsOf(entries, nameOf);
  return {
    title: t('export.heading'),
    facts: factsOf(began, lastedSeconds, persons),
    began,
    lastedSeconds,
    persons,
    sentences: entries.map((entry) => sentenceOf(entry, nameOf(entry))),
  };
}

function sentenceOf(entry, name) {
  const doubt = isDoubtful(entry) ? t(`label.${entry.label}`) : '';
  const by = doubt === '' ? name : `${name} (${doubt})`;
  return { ...entry, name, doubt, by, clock: timeOf(new Date(entry.timestamp)) };
}

function personsOf(entries, nameOf) {
  const persons = new Map();
  for (const entry of entries) {
    const name = nameOf(entry);
    const key = isStranger(entry) ? name : entry.speakerId;
    const before = persons.has(key) ? persons.get(key).seconds : 0;
    persons.set(key, { name, seconds: before + entry.endSeconds - entry.startSeconds });
  }
  const all = [...persons.values()];
  const total = all.reduce((sum, { seconds }) => sum + seconds, 0);
  return all
    .map((person) => ({ ...person, share: total > 0 ? person.seconds / total : 0 }))
    .sort((one, other) => other.seconds - one.seconds);
}

function factsOf(began, lastedSeconds, persons) {
  const ended = new Date(began.getTime() + 1000 * lastedSeconds);
  const [from, to] = [began, ended].map((date) => timeOf(date).slice(0, 5));
  const spoke = persons.map(({ name, share, seconds }) => {
    return `${name}\u00a0${Math.round(100 * share)}%\u00a0(${clockOf(seconds)})`;
  });
  return [
    [t('export.date'), `${dateOf(began, languageNow())} ${from}–${to}`],
    [t('export.duration'), clockOf(lastedSeconds)],
    [t('export.persons'), spoke.join(', ')],
  ];
}
