import { checkNews, newsCheckText } from './check';
import { NEWS_FORMS, type NewsForm } from './rows';

/** `node dist/src/tasks/news/check-command.js [--dir FOLDER] [briefs|articles …]`: prints the checks, exit status 1 if one fails. */
function main(args: readonly string[]): number {
  const at = args.indexOf('--dir');
  const dir = at >= 0 ? args[at + 1] : undefined;
  const forms = at >= 0 ? [...args.slice(0, at), ...args.slice(at + 2)] : [...args];
  const unknown = forms.filter((form) => !(NEWS_FORMS as readonly string[]).includes(form));
  if (unknown.length > 0 || (at >= 0 && dir === undefined)) {
    console.error(
      `data:check: arguments must be --dir FOLDER, ${NEWS_FORMS.join(' or ')}, got ${args.join(' ')}. Leave them out for the embedded set.`,
    );
    return 2;
  }
  let ok = true;
  for (const form of forms.length > 0 ? (forms as NewsForm[]) : NEWS_FORMS) {
    const report = checkNews(dir === undefined ? { form } : { form, dir });
    console.log(`${newsCheckText(report)}\n`);
    ok &&= report.ok;
  }
  return ok ? 0 : 1;
}

if (require.main === module) process.exitCode = main(process.argv.slice(2));
