namespace Dmkd.Grains.Runs.Engine;

/// <summary>
/// A part of a run, or of a preservation. It can be repeated after any interruption: it changes the state in memory
/// only, and its end is one state write that makes its results and the next phase durable together.
/// </summary>
internal interface IRunStage<TPhase>
    where TPhase : struct, Enum
{
    /// <summary>
    /// The phase that is stored while it is the stage to go on with. Two stages may have one: the first that is not
    /// skipped counts.
    /// </summary>
    TPhase Phase { get; }

    /// <summary>Whether there is nothing to do here, by what is stored.</summary>
    bool IsSkipped { get; }

    /// <summary>Does the work.</summary>
    Task<StageEnd<TPhase>> RunAsync(CancellationToken cancellationToken);
}

/// <summary>Where a run goes on after a stage.</summary>
/// <param name="Phase">The phase; null for the next stage of the list.</param>
internal readonly record struct StageEnd<TPhase>(TPhase? Phase)
    where TPhase : struct, Enum
{
    /// <summary>With the next stage of the list that is not skipped; completed after the last.</summary>
    public static StageEnd<TPhase> Next { get; } = new(null);

    /// <summary>In a certain phase.</summary>
    public static StageEnd<TPhase> At(TPhase phase) => new(phase);
}

/// <summary>The stages of a run in their order.</summary>
/// <param name="stages">The stages.</param>
/// <param name="completed">The phase after the last.</param>
internal sealed class StageList<TPhase>(IReadOnlyList<IRunStage<TPhase>> stages, TPhase completed)
    where TPhase : struct, Enum
{
    /// <summary>The phase in which a run begins.</summary>
    public TPhase First => From(0);

    /// <summary>The stage of a stored phase.</summary>
    /// <exception cref="InvalidOperationException">No stage has something to do in this phase: the state is of a newer
    /// program.</exception>
    public IRunStage<TPhase> At(TPhase phase)
    {
        foreach (var stage in stages)
        {
            if (stage.Phase.Equals(phase) && !stage.IsSkipped)
                return stage;
        }

        throw new InvalidOperationException(
            $"This program has no stage for phase {phase}; the state was stored by another one."
        );
    }

    /// <summary>The phase after a stage that ended.</summary>
    public TPhase After(IRunStage<TPhase> stage, StageEnd<TPhase> end)
    {
        if (end.Phase is { } phase)
            return phase;
        int place = stages.Index().First(entry => ReferenceEquals(entry.Item, stage)).Index;
        return From(place + 1);
    }

    private TPhase From(int place)
    {
        foreach (var stage in stages.Skip(place))
        {
            if (!stage.IsSkipped)
                return stage.Phase;
        }

        return completed;
    }
}
