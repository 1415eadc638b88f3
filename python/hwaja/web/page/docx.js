/**
 * A conversation as a document for Word and Hangul: three XML files in a ZIP (ECMA-376). Libraries that
 * write such documents weigh more than this page.
 */

import { t } from './language.js';
import { zipOf } from './zip.js';

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const MAIN = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';
const TYPE = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml';

const CONTENT_TYPES =
  `${XML}<Types xmlns="${PACKAGE}/content-types">` +
  '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
  `<Override PartName="/word/document.xml" ContentType="${TYPE}"/></Types>`;

const RELATIONSHIPS =
  `${XML}<Relationships xmlns="${PACKAGE}/relationships">` +
  `<Relationship Id="rId1" Type="${OFFICE}" Target="word/document.xml"/></Relationships>`;

/** Half points. */
const TEXT_SIZE = 22;
const SMALL_SIZE = 18;
const TITLE_SIZE = 32;

const GREY = '666666';

/** Return the bytes of the document. */
export function docxOf({ title, facts, sentences, began }) {
  const paragraphs = [
    paragraph([run(title, { isBold: true, size: TITLE_SIZE })]),
    ...facts.map(([name, value]) => paragraph([run(`${name}: ${value}`, { colour: GREY })])),
    paragraph([]),
    ...sentences.map(said),
  ];
  const document =
    `${XML}<w:document xmlns:w="${MAIN}"><w:body>${paragraphs.join('')}` +
    '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>' +
    '<w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="720" w:footer="720" w:gutter="0"/>' +
    '</w:sectPr></w:body></w:document>';
  const files = {
    '[Content_Types].xml': CONTENT_TYPES,
    '_rels/.rels': RELATIONSHIPS,
    'word/document.xml': document,
  };
  return zipOf(files, began);
}

function said({ by, clock, text, isMarked, note }) {
  const head = [
    run(by, { isBold: true, size: SMALL_SIZE }),
    run(`  ${clock}${isMarked ? `  ★ ${t('correct.marked')}` : ''}`, { colour: GREY, size: SMALL_SIZE }),
  ];
  const noted = note === '' ? '' : paragraph([run(`${t('correct.note')}: ${note}`, { colour: GREY })], { isIndented: true });
  return paragraph(head, { staysWithNext: true }) + paragraph([run(text)]) + noted;
}

function paragraph(runs, { staysWithNext = false, isIndented = false } = {}) {
  const form =
    (staysWithNext ? '<w:keepNext/>' : '') +
    `<w:spacing w:after="${staysWithNext ? 0 : 120}"/>` +
    (isIndented ? '<w:ind w:left="400"/>' : '');
  return `<w:p><w:pPr>${form}</w:pPr>${runs.join('')}</w:p>`;
}

function run(text, { isBold = false, colour = '', size = TEXT_SIZE } = {}) {
  const form =
    '<w:rFonts w:ascii="Malgun Gothic" w:hAnsi="Malgun Gothic" w:eastAsia="맑은 고딕"/>' +
    (isBold ? '<w:b/>' : '') +
    (colour === '' ? '' : `<w:color w:val="${colour}"/>`) +
    `<w:sz w:val="${size}"/>`;
  return `<w:r><w:rPr>${form}</w:rPr><w:t xml:space="preserve">${escaped(text)}</w:t></w:r>`;
}

/** XML knows markup, and not every character. */
function escaped(text) {
  return [...text]
    .filter((letter) => letter >= ' ' && letter !== '\ufffe' && letter !== '\uffff')
    .join('')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
}
