using System.CommandLine;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd experiment</c>: methods, data sets and seeds of a file, measured under one protocol.</summary>
internal sealed class ExperimentCommand : Command
{
    public ExperimentCommand()
        : base("experiment", "Compare methods over data sets and seeds, as a file says, and report on it")
    {
        Subcommands.Add(new ExperimentRunCommand());
        Subcommands.Add(new ExperimentReportCommand());
    }
}
