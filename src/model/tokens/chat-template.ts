import { Environment, Interpreter, Template } from '@huggingface/jinja';
import { ConfigError, DataError } from '../../core';
import type { ChatMessage } from '../../labels';

/** Whether a system turn that the template invents when none is given stands in prompts. */
export type DefaultSystem = 'template' | 'none';

export interface ChatTemplateOptions {
  /** The model's Jinja text. */
  readonly source: string;
  readonly bosToken: string | null;
  readonly eosToken: string | null;
  readonly defaultSystem: DefaultSystem;
  /** The day that templates which print one are given, as YYYY-MM-DD: a prompt must not change overnight. */
  readonly date: string;
  /** Whether templates that have the switch let the model think before it answers (`enable_thinking`). */
  readonly thinking: boolean;
  /** Where the template was read, for messages. */
  readonly from: string;
}

/** The system turn that is given to the template in order to be cut off again. */
const OURS: ChatMessage = { role: 'system', content: 'X' };

export interface ChatTemplate {
  /** Chat messages → the prompt's text. `addGenerationPrompt` opens the assistant's turn. */
  render(messages: readonly ChatMessage[], options: { addGenerationPrompt: boolean }): string;
}

/**
 * Compiles a model's own chat template.
 * With `defaultSystem: 'none'` a system turn that the template would invent is left out: the template is rendered with
 * a system turn of ours, and what it wrote for that turn is cut off again; the begin-of-text token, if any, stays.
 * Throws ConfigError if the template cannot be read or has a form for which that cut is not possible.
 */
export function compileChatTemplate(options: ChatTemplateOptions): ChatTemplate {
  const { from, bosToken, defaultSystem } = options;
  let template: Template;
  try {
    template = new Template(options.source);
  } catch (cause) {
    throw new ConfigError(
      `compileChatTemplate: the chat template must be Jinja, got ${(cause as Error).message} (from ${from}). Fetch the model again.`,
      { cause },
    );
  }
  const date = readDate(options.date);
  const dateString = formatDate(date, '%d %b %Y');

  const renderRaw = (messages: readonly ChatMessage[], addGenerationPrompt: boolean): string => {
    const environment = new Environment();
    const globals: Record<string, unknown> = {
      false: false,
      true: true,
      none: null,
      False: false,
      True: true,
      None: null,
      raise_exception: (message: string) => {
        throw new DataError(
          `renderChat: the messages must be ones that the model's template accepts, got "${message}" (from ${from}). Change the roles or their order.`,
        );
      },
      range: (start: number, stop?: number) =>
        Array.from({ length: stop === undefined ? start : stop - start }, (_, i) =>
          stop === undefined ? i : start + i,
        ),
      strftime_now: (format: string) => formatDate(date, format),
      date_string: dateString,
      enable_thinking: options.thinking,
      bos_token: bosToken ?? '',
      eos_token: options.eosToken ?? '',
      add_generation_prompt: addGenerationPrompt,
      messages: messages.map(({ role, content }) => ({ role, content })),
    };
    for (const [name, value] of Object.entries(globals)) environment.set(name, value);
    const result = new Interpreter(environment).run(template.parsed) as { value: unknown };
    return String(result.value);
  };

  let systemTurn: string | null = null; // what the template writes for OURS alone
  let prefix: string | null = null; // the begin-of-text token, if the template writes one
  return {
    render(messages, { addGenerationPrompt }) {
      if (messages.length === 0)
        throw new DataError(
          `renderChat: a chat must have at least 1 message, got 0 (from the caller). Pass the user's turn.`,
        );
      if (defaultSystem === 'template' || messages[0].role === 'system')
        return renderRaw(messages, addGenerationPrompt);
      systemTurn ??= renderRaw([OURS], false);
      prefix ??= bosToken && renderRaw([{ role: 'user', content: 'X' }], false).startsWith(bosToken) ? bosToken : '';
      const whole = renderRaw([OURS, ...messages], addGenerationPrompt);
      if (!whole.startsWith(systemTurn)) {
        throw new ConfigError(
          `renderChat: a system turn must stand apart from the turns after it for defaultSystem "none", got a template that mixes them (from ${from}). Use defaultSystem "template".`,
        );
      }
      const turns = whole.slice(systemTurn.length);
      return turns.startsWith(prefix) ? turns : prefix + turns;
    },
  };
}

function readDate(text: string): Date {
  const date = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(date.getTime())) {
    throw new ConfigError(
      `compileChatTemplate: date must be YYYY-MM-DD, got "${text}" (from the caller). Give a day such as 2024-07-26.`,
    );
  }
  return date;
}

/** strftime of a fixed day, for the directives that chat templates use. */
function formatDate(date: Date, format: string): string {
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options }).format(date);
  const two = (value: number) => String(value).padStart(2, '0');
  const directives: Readonly<Record<string, string>> = {
    d: two(date.getUTCDate()),
    m: two(date.getUTCMonth() + 1),
    Y: String(date.getUTCFullYear()),
    y: two(date.getUTCFullYear() % 100),
    b: part({ month: 'short' }),
    B: part({ month: 'long' }),
    a: part({ weekday: 'short' }),
    A: part({ weekday: 'long' }),
    H: '00',
    M: '00',
    S: '00',
    '%': '%',
  };
  return format.replace(/%(.)/g, (whole, directive: string) =>
    Object.hasOwn(directives, directive) ? directives[directive] : whole,
  );
}
