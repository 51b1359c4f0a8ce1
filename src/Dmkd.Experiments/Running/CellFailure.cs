namespace Dmkd.Experiments.Running;

/// <summary>A cell that failed, as its file holds it. The cell is tried again by the next run of the experiment.</summary>
public sealed record CellFailure
{
    /// <summary>Name of the cell.</summary>
    public required string Cell { get; init; }

    /// <summary>What it is for.</summary>
    public required CellStage Stage { get; init; }

    /// <summary>Name of the data set in the experiment.</summary>
    public required string Dataset { get; init; }

    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>Its parameters.</summary>
    public required IReadOnlyDictionary<string, string> MethodParameters { get; init; }

    /// <summary>Seed of everything random.</summary>
    public required int Seed { get; init; }

    /// <summary>Why it failed, in one line.</summary>
    public required string Error { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it failed.</summary>
    public required DateTimeOffset FailedAt { get; init; }

    /// <summary>What computed.</summary>
    public required Versions Versions { get; init; }

    /// <summary>Where.</summary>
    public required MachineInfo Machine { get; init; }

    /// <summary>The record of a failed cell.</summary>
    public static CellFailure Of(Cell cell, string error, CellCircumstances circumstances)
    {
        ArgumentNullException.ThrowIfNull(cell);
        ArgumentNullException.ThrowIfNull(error);
        ArgumentNullException.ThrowIfNull(circumstances);
        return new CellFailure
        {
            Cell = cell.Name,
            Stage = cell.Stage,
            Dataset = cell.Data.Name,
            Method = cell.Method,
            MethodParameters = cell.Parameters,
            Seed = cell.Settings.Seed,
            Error = error.ReplaceLineEndings(" "),
            StartedAt = circumstances.StartedAt,
            FailedAt = circumstances.EndedAt,
            Versions = circumstances.Versions,
            Machine = circumstances.Machine,
        };
    }
}
