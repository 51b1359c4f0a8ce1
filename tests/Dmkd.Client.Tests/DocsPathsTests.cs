using System.Globalization;
using System.Text.RegularExpressions;

namespace Dmkd.Client.Tests;

/// <summary>
/// What pages about the code name in code spans is there: files and folders, and words such as <c>RoundDriver</c> or
/// <c>RunRules.Merges</c>.
/// </summary>
public sealed partial class DocsPathsTests
{
    private static readonly string[] Folders = ["src", "tests", "client", "silo", "eng", "docs", "experiments", "."];
    private static readonly Lazy<HashSet<string>> Words = new(ReadWords);

    public static TheoryData<string> Pages =>
        [
            "CONTRIBUTING.md",
            .. Directory
                .EnumerateFiles(Path.Combine(DocsTests.Root, "docs"), "*.md", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(DocsTests.Root, file))
                .Where(page => page.StartsWith("docs/dev/", StringComparison.Ordinal) || page.Contains("concepts"))
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Path_InADocument_IsThere(string page)
    {
        foreach (string line in LinesOf(page))
        {
            string folder = ".";
            foreach (string path in SpansOf(line).Where(IsPath).SelectMany(Alternatives))
            {
                string? found = Find(path, folder);
                Assert.True(found is not null, $"{page}: there is no {path}");
                folder = Directory.Exists(found) ? found : Path.GetDirectoryName(found)!;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Name_InADocument_IsInTheCode(string page)
    {
        var names = LinesOf(page).SelectMany(SpansOf).Where(span => NamePattern().IsMatch(span)).ToList();
        Assert.All(
            names.SelectMany(name => name.Split('.')),
            word => Assert.True(Words.Value.Contains(word), $"{page}: no code says {word}")
        );
    }

    [Fact]
    public void Number_OfADecision_IsItsOwn()
    {
        var files = Directory
            .EnumerateFiles(Path.Combine(DocsTests.Root, "docs", "adr"), "*.md")
            .Select(Path.GetFileName);
        Assert.All(files.GroupBy(name => name![..4]), group => Assert.Single(group));
    }

    [Fact]
    public void Walks_TheirNumbers_AreThoseOfTheirFiles()
    {
        string[] lines = [.. LinesOf("docs/dev/README.md")];
        var rows = lines.Select(line => CountPattern().Match(line)).Where(match => match.Success).ToList();
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Equal(NumberOf(row.Groups[2]), SpansOf(row.Value).Count(IsPath)));
        var totals = lines.SelectMany(line => TotalPattern().Matches(line)).Select(match => NumberOf(match.Groups[1]));
        Assert.Equal(rows.Sum(row => NumberOf(row.Groups[2])), totals.Sum());

        static int NumberOf(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);
    }

    private static IEnumerable<string> LinesOf(string page) => File.ReadLines(Path.Combine(DocsTests.Root, page));

    private static IEnumerable<string> SpansOf(string line) =>
        SpanPattern().Matches(line).Select(match => match.Groups[1].Value);

    /// <summary>Whether a span is a file or folder of the repository: not an address or a path of a user.</summary>
    private static bool IsPath(string span)
    {
        if (!PathPattern().IsMatch(span))
            return false;
        string first = span.Split('/')[0];
        return span.EndsWith(".cs", StringComparison.Ordinal)
            || first.StartsWith("Dmkd.", StringComparison.Ordinal)
            || Folders.Contains(first);
    }

    private static IEnumerable<string> Alternatives(string path)
    {
        var match = AlternativesPattern().Match(path);
        if (!match.Success)
            return [path];
        var (before, after) = (match.Groups[1].Value, match.Groups[3].Value);
        return match.Groups[2].Value.Split(',').Select(word => before + word + after);
    }

    /// <summary>A path from the root, from src or tests, or beside the one before it in the line.</summary>
    private static string? Find(string path, string folder)
    {
        string[] places =
        [
            folder,
            DocsTests.Root,
            Path.Combine(DocsTests.Root, "src"),
            Path.Combine(DocsTests.Root, "tests"),
        ];
        var candidates = places.Select(place => Path.GetFullPath(Path.Combine(place, path), DocsTests.Root));
        return candidates.FirstOrDefault(candidate =>
            candidate.Contains('*') ? IsMatched(candidate) : Path.Exists(candidate)
        );
    }

    private static bool IsMatched(string pattern)
    {
        string folder = Path.GetDirectoryName(pattern)!;
        return Directory.Exists(folder) && Directory.EnumerateFiles(folder, Path.GetFileName(pattern)).Any();
    }

    private static HashSet<string> ReadWords()
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        var files = Folders[..5]
            .SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(DocsTests.Root, folder), "*", SearchOption.AllDirectories)
            )
            .Concat(Directory.EnumerateFiles(DocsTests.Root, "Directory.*"));
        foreach (
            string file in files.Where(file => Path.GetExtension(file) is ".cs" or ".csproj" or ".props" or ".sql")
        )
            words.UnionWith(WordPattern().Matches(File.ReadAllText(file)).Select(match => match.Value));
        return words;
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex SpanPattern();

    [GeneratedRegex(@"^[\w.*-]+(/[\w.{},*-]*)*$")]
    private static partial Regex PathPattern();

    [GeneratedRegex(@"^(.*)\{(.*)\}(.*)$")]
    private static partial Regex AlternativesPattern();

    [GeneratedRegex(@"^[A-Z][a-z][A-Za-z0-9]*(\.[A-Z][A-Za-z0-9]*)*$")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^\|(.*)\((\d+)\) \|$")]
    private static partial Regex CountPattern();

    [GeneratedRegex(@"^\*\*`.*: (\d+) files\.")]
    private static partial Regex TotalPattern();

    [GeneratedRegex(@"\w+")]
    private static partial Regex WordPattern();
}
