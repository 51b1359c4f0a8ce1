using System.CommandLine;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd runs</c>: the runs of a folder or a cluster.</summary>
internal sealed class RunsCommand : Command
{
    public RunsCommand()
        : base("runs", "List runs, look at one, follow it, stop it, go on with it")
    {
        Subcommands.Add(new RunsListCommand());
        Subcommands.Add(new RunsShowCommand());
        Subcommands.Add(new RunsWatchCommand());
        Subcommands.Add(new RunsStopCommand());
        Subcommands.Add(new RunsResumeCommand());
    }

    /// <summary>The argument of those that take one run.</summary>
    public static Argument<string> IdArgument() => new("id") { Description = "Id of the run" };
}
