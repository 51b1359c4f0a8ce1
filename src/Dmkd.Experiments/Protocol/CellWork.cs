using Dmkd.Contracts.Settings;
using Dmkd.Data.Images;
using Dmkd.Experiments.Learners;

namespace Dmkd.Experiments.Protocol;

/// <summary>Measures one cell and stores what comes of it.</summary>
/// <param name="learners">Makes its method.</param>
/// <param name="read">Reads data sets.</param>
/// <param name="validation">Makes data sets with images held out.</param>
/// <param name="store">Receives the document or the failure.</param>
/// <param name="setting">What is the same for all cells.</param>
/// <param name="time">The clock.</param>
public sealed class CellWork(
    ILearners learners,
    Func<DataSource, CancellationToken, Task<ImageDataset>> read,
    ValidationImages validation,
    CellStore store,
    WorkSetting setting,
    TimeProvider time
)
{
    /// <summary>Measures a cell.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="progress">Receives the share done.</param>
    /// <param name="cancellationToken">Stops the work; nothing is stored then.</param>
    /// <returns>Its document, or its failure.</returns>
    public async Task<(CellDocument? Document, CellFailure? Failure)> RunAsync(
        Cell cell,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(cell);
        var start = time.GetUtcNow();
        try
        {
            var source = cell.HeldOut is null
                ? cell.Data.Source
                : await validation.SourceOfAsync(cell, cancellationToken);
            var problem = new ContinualProblem(
                await read(source, cancellationToken),
                cell.Settings with
                {
                    Data = source,
                }
            );
            var result = await learners.Create(cell).LearnAsync(problem, progress, cancellationToken);
            var document = CellDocument.Of(cell, result, Circumstances(start));
            EventFile.Write(Path.Combine(setting.Folder, "tensorboard", cell.Name), document);
            store.Write(cell, document);
            return (document, null);
        }
#pragma warning disable CA1031 // a cell that fails, however it does, must not stop the others; its reason is stored
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            var failure = CellFailure.Of(cell, ReasonOf(e), Circumstances(start));
            store.Write(cell, failure);
            return (null, failure);
        }
#pragma warning restore CA1031
    }

    private CellCircumstances Circumstances(DateTimeOffset start) =>
        new(start, time.GetUtcNow(), setting.Versions, setting.Machine, setting.Watts);

    /// <summary>Refusals speak for themselves; anything else also says what it is.</summary>
    private static string ReasonOf(Exception e) =>
        e is RunFailedException or DatasetException or MethodParameterException or ArgumentException
            ? e.Message
            : $"{e.GetType().Name}: {e.Message}";
}

/// <summary>The cells of a stage that wait, and what the finished ones took. Not safe for concurrent use.</summary>
internal sealed class StageProgress
{
    private readonly List<(string Method, string Dataset, double Seconds)> _finished;
    private readonly List<Cell> _waiting;
    private readonly int _jobs;

    public StageProgress(IEnumerable<CellDocument> finished, IEnumerable<Cell> waiting, int jobs)
    {
        _finished = [.. finished.Select(FactsOf)];
        _waiting = [.. waiting];
        _jobs = jobs;
    }

    /// <summary>Number of cells that wait or are at work.</summary>
    public int WaitingCount => _waiting.Count;

    /// <summary>A copy of those cells.</summary>
    public IReadOnlyList<Cell> Waiting() => [.. _waiting];

    /// <summary>Takes a cell that ended out of those that wait.</summary>
    /// <returns>Time left; null when nothing was finished yet.</returns>
    public TimeSpan? Ended(Cell cell, CellDocument? document)
    {
        _waiting.Remove(cell);
        if (document is not null)
            _finished.Add(FactsOf(document));
        return TimeLeft.Estimate(_finished, _waiting.Select(one => (one.Method, one.Data.Name)), _jobs);
    }

    private static (string Method, string Dataset, double Seconds) FactsOf(CellDocument document) =>
        (document.Method, document.Dataset, document.WallSeconds);
}
