export { assignProfiles } from './assign-profiles';
export { type ClaudeWriterOptions, claudeWriter } from './claude-writer';
export { checkText, checkTopic, type RejectReason, type WordBounds } from './item-rules';
export { type LocalWriterOptions, localWriter } from './local-writer';
export { type ArticlesOptions, estimateArticles, makeArticles } from './make-articles';
export { estimateTopics, makeTopics, type TopicsOptions } from './make-topics';
export { type NewsDomain, readDomains, readTextsPrompt, readTopicsPrompt } from './prompt-file';
export { type MadeSet, madeText, type Provenance } from './set-files';
export type { Candidate, WriteCall, WriteRequest, Writer, Written } from './writer';
