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

    /// <summary>Mean time between the deaths of actors at random moments; 0 for none.</summary>
    public double MeanTimeBetweenDeaths { get; init; }

    /// <summary>Mean time between freezes of actors at random moments; 0 for none.</summary>
    public double MeanTimeBetweenFreezes { get; init; }

    /// <summary>When all faults stop, so that what is left must come to its end.</summary>
    public double Until { get; init; } = 400;

    /// <summary>Nothing goes wrong.</summary>
    public static Faults None { get; } = new();
}
