namespace Dmkd.Client;

/// <summary>What the program tells the shell. Stable; documented in docs/reference/exit-codes.md.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>The work failed on the way.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the data it names is wrong; nothing was stored.</summary>
    public const int BadInput = 2;

    /// <summary>Stopped by Ctrl-C or a signal; a run can be resumed.</summary>
    public const int Cancelled = 130;
}
