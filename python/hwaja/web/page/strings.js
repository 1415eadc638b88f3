/** All texts of the page, by language. */

import { ENGLISH } from './english.js';
import { KOREAN } from './korean.js';

export const STRINGS = { ko: KOREAN, en: ENGLISH };
