using System.Collections;
using System.Collections.Concurrent;
using Dmkd.Data.Images;

namespace Dmkd.Data.Tests;

/// <summary>Keeps every report, in the thread that made it.</summary>
internal sealed class ReportList : IProgress<DatasetProgress>, IEnumerable<DatasetProgress>
{
    private readonly ConcurrentQueue<DatasetProgress> _reports = new();

    /// <summary>Gets what to do at every report.</summary>
    public Action? OnReport { get; init; }

    public void Report(DatasetProgress value)
    {
        _reports.Enqueue(value);
        OnReport?.Invoke();
    }

    public IEnumerator<DatasetProgress> GetEnumerator() => _reports.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
