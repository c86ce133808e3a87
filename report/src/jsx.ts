// SPDX-License-Identifier: MIT
// What JSX becomes: calls with children as arguments, which are shorter than those with a property for them.
export { createElement, Fragment } from 'preact';
