using Dmkd.Data;
using Dmkd.Data.Images;
using Dmkd.Hosting.Placement;

namespace Dmkd.Chaos.Poisoning;

/// <summary>Runs the cells of the study, a few at a time; the same settings give the same rows.</summary>
internal sealed class PoisonStudy(PoisonSettings settings, SiloDevices devices, Action<string> report)
{
    private int _done;

    /// <summary>Runs all cells.</summary>
    /// <param name="cancellationToken">Ends the study between two training steps.</param>
    /// <returns>One row per cell: by attack, fraction and rule. No attack has one row per rule.</returns>
    /// <exception cref="DatasetException">The data cannot be read or is too little.</exception>
    public async Task<PoisonRow[]> RunAsync(CancellationToken cancellationToken = default)
    {
        Cell[] cells = [.. Cells()];
        var comparisons = new Comparison[settings.Repeats][];
        for (int repeat = 0; repeat < settings.Repeats; repeat++)
        {
            int seed = settings.Seed + repeat;
            var federation = new Federation(settings, seed, Load(seed), devices, cancellationToken);
            comparisons[repeat] = await RunAsync(cells, federation, $"seed {seed}", cancellationToken);
        }

        return [.. cells.Select((cell, i) => RowOf(cell, [.. comparisons.Select(ofSeed => ofSeed[i])]))];
    }

    private async Task<Comparison[]> RunAsync(
        Cell[] cells,
        Federation federation,
        string name,
        CancellationToken cancellationToken
    )
    {
        var runs = new OnceEach<(string Attack, int Attackers, string Rule, bool TakePart), RunOutcome>();
        var comparisons = new Comparison[cells.Length];
        // One more than lanes: while one cell merges, the others' nodes train.
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = devices.Training.LaneCount + 1,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForAsync(
            0,
            cells.Length,
            options,
            async (i, _) =>
            {
                var cell = cells[i];
                var alone = await RunOnceAsync(AttackNames.None, cell, takePart: cell.Attackers == 0);
                var attacked = cell.Attackers == 0 ? alone : await RunOnceAsync(cell.Attack, cell, takePart: true);
                comparisons[i] = new Comparison(attacked, alone);
                int done = Interlocked.Increment(ref _done);
                report(
                    $"{done} of {cells.Length * settings.Repeats}: {name}, {cell.Attack} {cell.Fraction:0.0#} {cell.Rule}: "
                        + $"accuracy {attacked.Accuracy:P1} ({attacked.RestatedAccuracy:P1} restated), honest nodes "
                        + $"alone {alone.Accuracy:P1} ({alone.RestatedAccuracy:P1})"
                );
            }
        );
        return comparisons;

        Task<RunOutcome> RunOnceAsync(string attack, Cell cell, bool takePart) =>
            runs.GetAsync(
                (attack, cell.Attackers, cell.Rule, takePart),
                () =>
                    ExclusiveAsync(() =>
                        new PoisonedRun(
                            federation,
                            cell.Rule,
                            attack,
                            [.. federation.AttackersFirst.Take(cell.Attackers)],
                            takePart
                        ).RunAsync()
                    )
            );
    }

    /// <summary>
    /// Runs work piece by piece, never two pieces at a time: what a coordinator expects of its grain.
    /// </summary>
    private static Task<T> ExclusiveAsync<T>(Func<Task<T>> work) =>
        Task
            .Factory.StartNew(
                work,
                CancellationToken.None,
                TaskCreationOptions.DenyChildAttach,
                new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler
            )
            .Unwrap();

    private IEnumerable<Cell> Cells() =>
        from attack in settings.Attacks
        from fraction in attack is AttackNames.None ? [0.0] : settings.Fractions
        from rule in settings.Rules
        select new Cell(
            attack,
            fraction,
            (int)Math.Round(fraction * settings.Nodes, MidpointRounding.AwayFromZero),
            rule
        );

    private ImageDataset Load(int seed)
    {
        report($"seed {seed}: reading {settings.Data.Kind} images");
        var all = DatasetLoader.Load(settings.Data with { Seed = seed });
        if (settings.Classes > all.ClassNames.Count)
            throw new DatasetException(
                $"{all.Name} has {all.ClassNames.Count} classes; {settings.Classes} are asked for."
            );
        return all with
        {
            ClassNames = [.. all.ClassNames.Take(settings.Classes)],
            Train = Prepare(all.Train),
            Test = Prepare(all.Test),
        };
    }

    private ImageSet Prepare(ImageSet images)
    {
        var chosen = images.Select([
            .. Enumerable.Range(0, images.Count).Where(i => images.Labels[i] < settings.Classes),
        ]);
        return settings.Halves ? HalfSize.Of(chosen) : chosen;
    }

    private PoisonRow RowOf(Cell cell, Comparison[] bySeed)
    {
        double[] losses = [.. bySeed.Select(seed => 100 * (seed.Alone.Accuracy - seed.Attacked.Accuracy))];
        return new PoisonRow(
            cell.Attack,
            cell.Fraction,
            cell.Rule,
            settings.Nodes,
            cell.Attackers,
            settings.Rounds,
            bySeed.Average(seed => seed.Attacked.RelativeErrors.Average()),
            bySeed.Average(seed => seed.Alone.RelativeErrors.Average()),
            bySeed.Average(seed => seed.Attacked.Accuracy),
            bySeed.Average(seed => seed.Alone.Accuracy),
            losses.Average(),
            losses,
            bySeed.Average(seed => seed.Attacked.RestatedAccuracy),
            bySeed.Average(seed => seed.Alone.RestatedAccuracy),
            bySeed.Sum(seed => seed.Attacked.Refusals),
            bySeed.Sum(seed => seed.Attacked.HonestRefusals),
            bySeed.Sum(seed => seed.Attacked.CappedClaims),
            bySeed.Sum(seed => seed.Attacked.FailedRounds),
            bySeed.All(seed => seed.Attacked.Digests.SequenceEqual(seed.Alone.Digests))
        );
    }

    private sealed record Cell(string Attack, double Fraction, int Attackers, string Rule);

    private sealed record Comparison(RunOutcome Attacked, RunOutcome Alone);
}

/// <summary>Does equal work once, however many ask for it, at the same time or later.</summary>
internal sealed class OnceEach<TKey, TResult>
    where TKey : notnull
{
    private readonly Dictionary<TKey, Task<TResult>> _known = [];

    /// <summary>The result of the work with a key.</summary>
    /// <param name="key">Names the work.</param>
    /// <param name="start">Starts it; must return at once.</param>
    public Task<TResult> GetAsync(TKey key, Func<Task<TResult>> start)
    {
        lock (_known)
        {
            if (!_known.TryGetValue(key, out var task))
                _known[key] = task = start();
            return task;
        }
    }
}
