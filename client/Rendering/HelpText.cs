using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Text;

namespace Dmkd.Client.Rendering;

/// <summary>What <c>--help</c> shows besides the library's own text: the commands in groups, and examples.</summary>
internal static class HelpText
{
    private const int NameWidth = 12;

    /// <summary>What people want, and the commands for it.</summary>
    private static readonly (string Title, string[] Commands)[] Groups =
    [
        ("Learn", ["run", "preserve", "learn", "runs", "nodes", "experiment"]),
        ("Modules and libraries", ["modules", "library", "weights", "convert"]),
        ("Use", ["predict", "evaluate"]),
        ("Operate", ["doctor", "certs", "audit"]),
    ];

    /// <summary>Command lines that work as printed, but for names of files, by the command's path.</summary>
    private static readonly Dictionary<string, string[]> Examples = new(StringComparer.Ordinal)
    {
        [""] =
        [
            "dmkd run",
            "dmkd modules list",
            "dmkd predict cat.png",
            "dmkd preserve --checkpoint resnet20.pth --architecture resnet20 --data cifar10.zip",
        ],
        ["run"] =
        [
            "dmkd run --data images/ --tasks 5 --nodes 4",
            "dmkd run --resume RUN",
            "dmkd run --json > run.json",
        ],
        ["preserve"] =
        [
            "dmkd preserve --checkpoint model.safetensors --architecture resnet20 --data images/ --experts 4",
            "dmkd preserve --resume LIBRARY",
        ],
        ["runs"] = ["dmkd runs list", "dmkd runs show RUN", "dmkd runs stop RUN"],
        ["modules"] =
        [
            "dmkd modules list",
            "dmkd modules show expert-1",
            "dmkd modules export expert-1 --output e1.safetensors",
        ],
        ["learn"] =
        [
            "dmkd learn SHOP --classes dog,cat",
            "dmkd learn SHOP --classes cup,chair --nodes clinic-a,clinic-b",
        ],
        ["library"] =
        [
            "dmkd library create SHOP",
            "dmkd library show SHOP",
            "dmkd library export RUN --output library/",
            "dmkd library import library/",
        ],
        ["predict"] =
        [
            "dmkd predict cat.png dog.jpg",
            "dmkd predict photos/ --csv answers.csv",
            "dmkd predict cat.png --archive library/ --json",
        ],
        ["evaluate"] =
        [
            "dmkd evaluate --data-path images/",
            "dmkd evaluate --checkpoint model.pth --architecture resnet20 --data images/",
        ],
        ["experiment"] = ["dmkd experiment run plan.yaml", "dmkd experiment report results/"],
        ["certs"] =
        [
            "dmkd certs create-authority --output authority/",
            "dmkd certs issue --authority authority/ --role silo --name silo-1",
        ],
        ["doctor"] = ["dmkd doctor", "dmkd doctor --json"],
    };

    /// <summary>Has a program's help show them.</summary>
    public static void Attach(RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new WithExamples((SynchronousCommandLineAction)help.Action!);
    }

    /// <summary>Paths of commands that have examples, and these.</summary>
    internal static IReadOnlyDictionary<string, string[]> All => Examples;

    private sealed class WithExamples(SynchronousCommandLineAction standard) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var output = parseResult.InvocationConfiguration.Output;
            var command = parseResult.CommandResult.Command;
            if (command is RootCommand)
                WriteGroups(command, output);
            else
                standard.Invoke(parseResult);
            if (!Examples.TryGetValue(command is RootCommand ? "" : command.Name, out string[]? examples))
                return 0;
            output.WriteLine("Examples:");
            foreach (string example in examples)
                output.WriteLine($"  {example}");
            output.WriteLine();
            return 0;
        }

        private static void WriteGroups(Command root, TextWriter output)
        {
            output.WriteLine($"{root.Description}\n\nUsage:\n  dmkd <command> [options]\n");
            foreach (var (title, commands) in Groups)
            {
                output.WriteLine($"{title}:");
                foreach (string name in commands)
                    output.WriteLine($"  {name.PadRight(NameWidth)}{Find(root, name).Description}");
                output.WriteLine();
            }

            output.WriteLine("Options:\n  -h, --help  of any command\n  --version\n");
        }

        private static Command Find(Command root, string name) => root.Subcommands.Single(inner => inner.Name == name);
    }
}

/// <summary>docs/reference/cli.md: every command with its arguments and options.</summary>
internal static class CommandsPage
{
    private const string Head = """
        # Commands

        Made from the program; `DMKD_REGENERATE=1` and the tests of the console write it anew. What an option of `run` may be:
        [settings](settings.md). Every command has `--help`.

        """;

    /// <summary>The page.</summary>
    /// <param name="root">The program's command.</param>
    public static string Text(Command root)
    {
        var page = new StringBuilder(Head);
        Write(page, root, "dmkd");
        return page.ToString();
    }

    private static void Write(StringBuilder page, Command command, string path)
    {
        bool isLeaf = command.Subcommands.Count == 0;
        if (isLeaf)
            WriteLeaf(page, command, path);
        foreach (var inner in command.Subcommands.Where(inner => !inner.Hidden))
            Write(page, inner, $"{path} {inner.Name}");
    }

    private static void WriteLeaf(StringBuilder page, Command command, string path)
    {
        string arguments = string.Concat(command.Arguments.Select(argument => $" <{argument.Name}>"));
        page.Append(
            CultureInfo.InvariantCulture,
            $"\n## {path}\n\n{command.Description}.\n\n`{path}{arguments} [options]`\n\n| | Default | |\n|---|---|---|\n"
        );
        foreach (var argument in command.Arguments)
            Row(page, $"<{argument.Name}>", "", argument.Description);
        foreach (var option in command.Options.Where(option => !option.Hidden))
            Row(page, option.Name, DefaultOf(option), option.Description);
    }

    private static void Row(StringBuilder page, string name, string standard, string? text) =>
        page.Append(
            CultureInfo.InvariantCulture,
            $"| `{name}` | {standard} | {text?.Replace("|", "\\|", StringComparison.Ordinal)} |\n"
        );

    private static string DefaultOf(Option option)
    {
        if (option.Name == "--home")
            return "`~/.local/share/dmkd`"; // of whoever runs it
        if (!option.HasDefaultValue || option.GetDefaultValue() is not { } value)
            return "";
        if (value is false or "" or Array { Length: 0 })
            return "";
        return $"`{Convert.ToString(value, CultureInfo.InvariantCulture)!.ToLowerInvariant()}`";
    }
}
