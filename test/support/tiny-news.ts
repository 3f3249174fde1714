import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewsOverrides } from '../../src/experiments';
import { tinyFolder } from './tiny-models';

const PROFILES = ['strong_left', 'center_left', 'center_right', 'strong_right'];
const CALIBRATION = ['strong_left', 'center_left', 'neutral', 'center_right', 'strong_right'];

/** A model of 2 layers that may read 1,024 characters, and a news set of a few words a text. */
export function tinyNewsInputs({ calibrationTopics = 8 } = {}): { model: string; dataDir: string } {
  const root = mkdtempSync(join(tmpdir(), 'mstlab-news-'));
  const model = join(root, 'model');
  cpSync(tinyFolder('tiny-llama'), model, { recursive: true });
  const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'));
  writeFileSync(join(model, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 1024 }));
  const dataDir = join(root, 'news');
  cpSync(join(__dirname, '../../data/tasks/news'), dataDir, { recursive: true });
  const topics = Array.from({ length: 24 + calibrationTopics }, (_, i) => ({
    id: `d${i % 4}-${String(i).padStart(3, '0')}`,
    domain: `d${i % 4}`,
    split: i < 16 ? 'train' : i < 24 ? 'test' : 'calibration',
    headline: `town ${i} votes`,
    context: `the vote was on day ${i} in the town hall.`,
  }));
  const lines = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const text = (profile: string, i: number) => `the ${profile.replace('_', ' ')} side of town ${i} won the vote.`;
  const row = (topic: { id: string }, profile: string, i: number) => ({
    topicId: topic.id,
    profile,
    article: text(profile, i),
  });
  writeFileSync(join(dataDir, 'topics.jsonl'), lines(topics));
  writeFileSync(
    join(dataDir, 'briefs.jsonl'),
    lines(topics.slice(0, 16).map((topic, i) => row(topic, PROFILES[i % 4], i))),
  );
  writeFileSync(
    join(dataDir, 'calibration-briefs.jsonl'),
    lines(topics.slice(24).flatMap((topic, i) => CALIBRATION.map((profile) => row(topic, profile, i)))),
  );
  return { model, dataDir };
}

/** The preset `smoke`, smaller still: three steps of a tiny model, six tokens a text. */
export function tinyNewsOverrides(inputs: { model: string; dataDir: string }): NewsOverrides {
  return {
    ...inputs,
    trainRows: 12,
    evalRows: 4,
    evalTopics: 8,
    contrastTopics: 8,
    maxNewTokens: 6,
    generateBatch: 8,
    computeDtype: 'f32',
    device: 'cpu',
    sft: { maxTokens: 1024, maxSteps: 3 },
  };
}
