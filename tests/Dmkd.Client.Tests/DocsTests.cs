using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>
/// Commands that the docs show exist with the options they show, those of the first run work, and links lead somewhere.
/// </summary>
public sealed partial class DocsTests
{
    private const string Launcher = "dotnet run -c Release --project client --";
    internal static readonly string Root = FindRoot();

    private static readonly ConcurrentDictionary<string, Task<Outcome>> Helps = new(StringComparer.Ordinal);

    public static TheoryData<string> Pages => [.. PagePaths()];

    public static TheoryData<string> PagesWithCommands => [.. PagePaths().Where(page => CommandsOf(page).Count > 0)];

    [Theory]
    [MemberData(nameof(PagesWithCommands))]
    public async Task Command_InADocument_IsOneOfTheConsole(string page)
    {
        foreach (string[] words in CommandsOf(page))
        {
            string[] path = await PathOfAsync(words);
            Assert.True(path.Length > 0, $"{page}: there is no command '{words[0]}'");
            var help = await HelpOfAsync(path);
            var known = OptionPattern()
                .Matches(help.Output)
                .Select(match => match.Value)
                .ToHashSet(StringComparer.Ordinal);
            string[] options = [.. words.Where(word => word.StartsWith("--", StringComparison.Ordinal))];
            string command = string.Join(' ', path);
            Assert.All(
                options,
                option => Assert.True(known.Contains(option), $"{page}: '{command}' has no option {option}")
            );
        }
    }

    [Fact]
    public async Task FirstRun_ItsCommands_Work()
    {
        using var folder = new TemporaryFolder();
        foreach (string[] words in CommandsOf("docs/start/first-run.md"))
        {
            string[] here =
            [
                .. words.Select(word => word.EndsWith(".safetensors", StringComparison.Ordinal) ? folder[word] : word),
            ];
            string[] arguments = words is ["run"] ? TinyRun.Arguments() : here;
            (await DmkdCommand.RunAsync(folder["home"], arguments)).IsSuccess();
        }

        Assert.True(File.Exists(folder["expert-1.safetensors"]));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Link_InADocument_LeadsToAFileAndItsHeading(string page)
    {
        string text = CodePattern().Replace(File.ReadAllText(Path.Combine(Root, page)), "");
        foreach (Match match in LinkPattern().Matches(text))
        {
            string target = match.Groups[1].Value;
            if (target.Contains("://", StringComparison.Ordinal))
                continue;
            string[] parts = target.Split('#', 2);
            string file = parts[0].Length == 0 ? page : Path.Combine(Path.GetDirectoryName(page)!, parts[0]);
            string path = Path.GetFullPath(Path.Combine(Root, file));
            Assert.True(Path.Exists(path), $"{page}: {target} leads nowhere");
            if (parts.Length == 2)
                Assert.True(HeadingsOf(path).Contains(parts[1]), $"{page}: {target} names no heading");
        }
    }

    [Fact]
    public void Readme_Size_IsAtMostEightKilobytes() =>
        Assert.InRange(new FileInfo(Path.Combine(Root, "README.md")).Length, 1, 8 * 1024);

    private static List<string> PagePaths()
    {
        var docs = Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories);
        return
        [
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            .. docs.Select(file => Path.GetRelativePath(Root, file)).Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>
    /// The words of every command line for the console in a page's shell blocks, without what starts the console.
    /// </summary>
    internal static List<string[]> CommandsOf(string page)
    {
        var commands = new List<string[]>();
        foreach (Match block in ShellPattern().Matches(File.ReadAllText(Path.Combine(Root, page))))
        {
            foreach (string line in block.Groups[1].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
            {
                if (line.Contains("$@", StringComparison.Ordinal))
                    continue; // a shell function that stands for the console
                string command = line.Replace(Launcher, "dmkd", StringComparison.Ordinal);
                commands.AddRange(CallPattern().Matches(command).Select(match => WordsOf(match.Groups[1].Value)));
            }
        }

        return commands;
    }

    private static string[] WordsOf(string command) =>
        [.. WordPattern().Matches(command).Select(match => match.Value.Trim('"'))];

    /// <summary>
    /// The words of a command line that name a command: those that the help of the words before lists.
    /// </summary>
    private static async Task<string[]> PathOfAsync(string[] words)
    {
        int length = 0;
        while (length < words.Length && Lists(await HelpOfAsync(words[..length]), words[length]))
            length++;
        return words[..length];
    }

    private static bool Lists(Outcome help, string command)
    {
        if (command.StartsWith('-'))
            return false; // an option, which the help lists as well
        var lines = help.Output.Split('\n').Select(line => line + " ");
        return lines.Any(line => line.StartsWith($"  {command} ", StringComparison.Ordinal));
    }

    private static Task<Outcome> HelpOfAsync(string[] path) =>
        Helps.GetOrAdd(string.Join(' ', path), _ => DmkdCommand.RunPlainAsync([.. path, "--help"]));

    /// <summary>The anchors of a page's headings, as GitHub makes them.</summary>
    private static HashSet<string> HeadingsOf(string path)
    {
        var headings = HeadingPattern().Matches(CodePattern().Replace(File.ReadAllText(path), ""));
        var names = headings.Select(match => match.Groups[1].Value.Trim().ToLowerInvariant());
        return [.. names.Select(name => AnchorPattern().Replace(name, "").Replace(' ', '-'))];
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Dmkd.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("The repository is not above the tests.");
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellPattern();

    [GeneratedRegex("```.*?```", RegexOptions.Singleline)]
    private static partial Regex CodePattern();

    [GeneratedRegex("(?:^|do |; |&& )dmkd ([^#;&|]+)")]
    private static partial Regex CallPattern();

    [GeneratedRegex("\"[^\"]*\"|[^\\s]+")]
    private static partial Regex WordPattern();

    [GeneratedRegex("--[a-z0-9-]+")]
    private static partial Regex OptionPattern();

    [GeneratedRegex(@"\[[^\]\n]*\]\(([^)\s]+)\)")]
    private static partial Regex LinkPattern();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex HeadingPattern();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex AnchorPattern();
}
