using System.Collections;
using System.Collections.Concurrent;

namespace Dmkd.Data.Tests;

/// <summary>Keeps every report, in the thread that made it.</summary>
internal sealed class ReportList : IProgress<DatasetProgress>, IEnumerable<DatasetProgress>
{
    private readonly ConcurrentQueue<DatasetProgress> _reports = new();

    public void Report(DatasetProgress value) => _reports.Enqueue(value);

    public IEnumerator<DatasetProgress> GetEnumerator() => _reports.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
