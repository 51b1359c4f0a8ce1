using System.CommandLine;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd weights</c>: the store of weights and updates.</summary>
internal sealed class WeightsCommand : Command
{
    public WeightsCommand()
        : base("weights", "Look after the store of weights and updates") => Subcommands.Add(new WeightsCollectCommand());
}
