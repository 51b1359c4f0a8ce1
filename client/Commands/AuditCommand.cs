using System.CommandLine;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd audit</c>: who changed what in a cluster.</summary>
internal sealed class AuditCommand : Command
{
    public AuditCommand()
        : base("audit", "See who changed what in a cluster") => Subcommands.Add(new AuditListCommand());
}
