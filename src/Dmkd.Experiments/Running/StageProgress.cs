namespace Dmkd.Experiments.Running;

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
        if (document is not null) _finished.Add(FactsOf(document));
        return TimeLeft.Estimate(_finished, _waiting.Select(one => (one.Method, one.Data.Name)), _jobs);
    }

    private static (string Method, string Dataset, double Seconds) FactsOf(CellDocument document) => (document.Method, document.Dataset, document.WallSeconds);
}
