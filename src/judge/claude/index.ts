export { type ClaudeJudge, type ClaudeJudgement, type ClaudeJudgeOptions, claudeJudge } from './claude-judge';
export { type Repeatability, repeatability } from './repeatability';
