namespace Dmkd.Contracts.Nodes;

/// <summary>State of a piece of long work.</summary>
[Alias("dmkd.WorkState")]
public enum WorkState
{
    /// <summary>The node does not know the work: it was never asked, or restarted before finishing it.</summary>
    Unknown = 0,

    /// <summary>Being done.</summary>
    Running = 1,

    /// <summary>Done; the report is there.</summary>
    Completed = 2,

    /// <summary>Cannot be done; the error says why.</summary>
    Failed = 3,
}
