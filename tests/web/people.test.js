/** What people are called on the page, and what the server is told of it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Emitter } from '../../python/hwaja/web/client/emitter.js';

Object.defineProperty(globalThis, 'navigator', { value: { language: 'en' }, configurable: true });
const { People } = await import('../../python/hwaja/web/page/people.js');

/** People in front of a server that knows some speakers. */
function meet(...known) {
  const told = [];
  const online = new Emitter();
  online.client = {
    async nameSpeaker(speakerId, name) {
      told.push([speakerId, name]);
      if (!known.includes(speakerId)) throw Object.assign(new Error(), { reason: 'unknown_speaker' });
    },
  };
  return { people: new People(online), online, told, known };
}

test('the name of a person with a card is told once the server has the voice', async () => {
  const { people, told } = meet(0);
  people.rename(0, ' 미나 ');
  await people.tell(0);
  assert.deepEqual(told, []);
  people.enrol(0);
  people.enrol(1);
  assert.deepEqual(told, [[0, '미나']]);
  people.rename(0, ' ');
  await people.tell(0);
  assert.deepEqual(told[1], [0, '']);
  assert.equal(people.nameOf(0), 'Speaker 1');
});

test('a name that came too early is told again when the person speaks', async () => {
  const { people, told, known } = meet();
  assert.equal(people.hear(2), 2);
  people.rename(2, 'Ann');
  await people.tell(2);
  known.push(2);
  people.hear(2);
  people.hear(2);
  assert.deepEqual(told, [[2, 'Ann'], [2, 'Ann']]);
});

test('who is found in another session is somebody else, and who is enrolled is not', async () => {
  const { people, online, told } = meet(0, 1);
  assert.deepEqual([0, 1].map((id) => people.hear(id)), [0, 1]);
  people.rename(1, 'Ann');
  online.emit('gone');
  await people.tell(1);
  assert.deepEqual(told, [], 'the speaker is gone');
  assert.equal(people.hear(0), 2);
  people.rename(2, 'Bo');
  await people.tell(2);
  assert.deepEqual(told, [[0, 'Bo']]);
  people.enrol(1);
  assert.equal(people.hear(1), 1);
  assert.deepEqual([people.nameOf(1), people.nameOf(2), people.nameOf(3)], ['Ann', 'Bo', 'Speaker 4']);
});

test('who comes along to another session stays the same, and who does not is nobody who is found there', async () => {
  const { people, online, told } = meet(0, 1, 2, 3);
  assert.deepEqual([0, 1, 2].map((id) => people.hear(id)), [0, 1, 2]);
  people.rename(1, 'Ann');
  online.emit('roamed', { speaker_ids: [0, 2] });
  assert.deepEqual([0, 2, 1, 3].map((id) => people.hear(id)), [0, 2, 3, 4]);
  assert.deepEqual([people.nameOf(1), people.nameOf(3)], ['Ann', 'Speaker 4']);
  people.rename(3, 'Bo');
  await people.tell(3);
  await people.tell(1);
  assert.deepEqual(told, [[1, 'Bo']], 'Ann is gone, and Bo has her id now');
  const { state } = people;
  const again = meet(1);
  again.people.restore(JSON.parse(JSON.stringify(state)));
  again.online.emit('resumed', { speaker_ids: [0, 1, 2], names: [{ speaker_id: 1, name: 'Bo' }] });
  assert.deepEqual([1, 2, 3].map((id) => again.people.hear(id)), [3, 2, 4]);
  assert.deepEqual([again.people.nameOf(1), again.people.nameOf(3)], ['Ann', 'Bo']);
});

test('where the conversation is begun anew, only who is enrolled keeps a name', () => {
  const { people } = meet(0, 3);
  people.rename(0, 'Ann');
  people.enrol(0);
  people.hear(3);
  people.rename(3, 'Bo');
  people.startOver();
  assert.deepEqual([people.nameOf(0), people.nameOf(3), people.hear(3)], ['Ann', 'Speaker 4', 3]);
});

test('a page that is loaded anew learns the names from the server', () => {
  const { people, online } = meet(0);
  online.emit('resumed', { speaker_ids: [0], names: [{ speaker_id: 0, name: 'Ann' }] });
  online.emit('resumed', { speaker_ids: [0] });
  assert.equal(people.nameOf(0), 'Ann');
});

test('who is in a conversation that is brought back has the name again, and nobody takes the number', () => {
  const { people, online } = meet(0, 3);
  people.hear(3);
  people.rename(3, 'Bo');
  const left = people.startOver();
  online.emit('gone');
  assert.equal(people.nameOf(3), 'Speaker 4');
  people.bringBack(left);
  assert.deepEqual([people.nameOf(3), people.hear(0)], ['Bo', 4]);
});
