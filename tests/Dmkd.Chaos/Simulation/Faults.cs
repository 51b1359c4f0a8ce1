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

    /// <summary>Draws anything that can go wrong.</summary>
    public static Faults Draw(Random random)
    {
        double until = 50 + (150 * random.NextDouble());
        bool fills = random.Next(6) == 0;
        double from = until * random.NextDouble() * 0.5;
        bool isLong = random.Next(8) == 0;
        return new Faults
        {
            Lost = Some(0.08),
            Duplicate = Some(0.1),
            MaxDelay = random.Next(2) == 0 ? 0.05 : 3,
            WriteFails = Some(0.04),
            DiesAtWrite = Some(0.06),
            MeanTimeBetweenDeaths = random.Next(2) == 0 ? 0 : 5 + (40 * random.NextDouble()),
            MeanTimeBetweenFreezes = random.Next(2) == 0 ? 0 : 5 + (40 * random.NextDouble()),
            MeanTimeBetweenRestarts = random.Next(3) == 0 ? 20 + (60 * random.NextDouble()) : 0,
            MeanTimeBetweenStops = random.Next(5) == 0 ? 10 + (40 * random.NextDouble()) : 0,
            FullFrom = fills ? from : 0,
            FullTo = fills ? from + (isLong ? 400 : 60) : 0,
            BlobLostAt = random.Next(6) == 0 ? until * random.NextDouble() : 0,
            Until = until + (fills && isLong ? 400 : 0),
        };

        double Some(double most) => random.Next(3) == 0 ? 0 : most * random.NextDouble();
    }

    /// <summary>Draws silos that end or die, one at a time, and are back within seconds.</summary>
    public static Faults DrawMild(Random random) =>
        new()
        {
            Duplicate = random.Next(2) == 0 ? 0 : 0.05,
            MaxDelay = 0.3,
            MeanTimeBetweenDeaths = random.Next(3) == 0 ? 0 : 15 + (40 * random.NextDouble()),
            MeanTimeBetweenRestarts = random.Next(2) == 0 ? 0 : 30 + (60 * random.NextDouble()),
            MeanTimeBetweenStops = random.Next(5) == 0 ? 20 + (40 * random.NextDouble()) : 0,
            MaxDowntime = 3,
            Noticed = 1,
            Until = 50 + (150 * random.NextDouble()),
        };
}

/// <summary>An incarnation that can be killed.</summary>
internal interface IMortal
{
    /// <summary>Ends at once, without finishing anything.</summary>
    void Die();
}

/// <summary>Something that faults happen to.</summary>
internal interface IVictim
{
    /// <summary>Its current life ends.</summary>
    void Die();

    /// <summary>Its current life is asked to end, as when its silo shuts down.</summary>
    void End();

    /// <summary>Its current life stops for a while.</summary>
    /// <param name="time">How long.</param>
    /// <param name="isReplaced">Whether another life begins meanwhile, because the frozen one is taken for
    /// dead.</param>
    void Freeze(TimeSpan time, bool isReplaced);
}
