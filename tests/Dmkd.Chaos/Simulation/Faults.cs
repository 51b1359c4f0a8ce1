namespace Dmkd.Chaos.Simulation;

/// <summary>What may go wrong in a world. Probabilities are in [0, 1], times in seconds.</summary>
internal sealed record Faults
{
    /// <summary>A message, or the answer to one, is lost.</summary>
    public double Lost { get; init; }

    /// <summary>A message comes twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>Longest time a message takes: messages overtake one another.</summary>
    public double MaxDelay { get; init; } = 0.1;

    /// <summary>A write fails; half of those were carried out all the same.</summary>
    public double WriteFails { get; init; }

    /// <summary>The writer dies right before or right after a write.</summary>
    public double DiesAtWrite { get; init; }

    /// <summary>Mean time between the deaths of actors, or of silos with what lives there; 0 for none.</summary>
    public double MeanTimeBetweenDeaths { get; init; }

    /// <summary>Mean time between freezes of actors at random moments; 0 for none.</summary>
    public double MeanTimeBetweenFreezes { get; init; }

    /// <summary>Mean time between rolling restarts: one silo after the other ends gracefully; 0 for none.</summary>
    public double MeanTimeBetweenRestarts { get; init; }

    /// <summary>Mean time between stops of runs by their user, who resumes them; 0 for none.</summary>
    public double MeanTimeBetweenStops { get; init; }

    /// <summary>Longest time until a dead actor can be called again, and its callers know that it died.</summary>
    public double MaxDowntime { get; init; } = 20;

    /// <summary>A caller of a dead actor is told so; others wait until they give up.</summary>
    public double Noticed { get; init; } = 0.7;

    /// <summary>When the stores of states and weights begin to take nothing; 0 for never.</summary>
    public double FullFrom { get; init; }

    /// <summary>When somebody has made room.</summary>
    public double FullTo { get; init; }

    /// <summary>When a blob can no longer be read; 0 for never.</summary>
    public double BlobLostAt { get; init; }

    /// <summary>
    /// When all faults stop, so that what is left must come to its end. A lost blob is restored then.
    /// </summary>
    public double Until { get; init; } = 400;

    /// <summary>Nothing goes wrong.</summary>
    public static Faults None { get; } = new();
}
