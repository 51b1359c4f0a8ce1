using System.CommandLine;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd modules</c>: what a library holds.</summary>
internal sealed class ModulesCommand : Command
{
    public ModulesCommand()
        : base("modules", "Show the expert modules of a library, or write one as a file")
    {
        Subcommands.Add(new ModulesListCommand());
        Subcommands.Add(new ModulesShowCommand());
        Subcommands.Add(new ModulesExportCommand());
    }

    /// <summary>The option that all subcommands have.</summary>
    public static Option<string?> LibraryOption() => new("--library") { Description = "Library; the newest when not given" };

    /// <summary>The argument of those that take one module.</summary>
    public static Argument<string> NameArgument() => new("name") { Description = "Name of the module, such as expert-1" };
}
