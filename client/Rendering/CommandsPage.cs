using System.CommandLine;
using System.Globalization;
using System.Text;

namespace Dmkd.Client.Rendering;

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
