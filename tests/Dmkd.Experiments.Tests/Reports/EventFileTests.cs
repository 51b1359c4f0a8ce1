using System.Buffers.Binary;
using System.Text;
using Dmkd.Experiments.Protocol;
using Dmkd.Experiments.Tests.Running;

namespace Dmkd.Experiments.Tests.Reports;

public sealed class EventFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Write_Cell_HasItsCurvesInRecordsOfTheFormat()
    {
        Write();
        string[] records = Records(Directory.GetFiles(_folder["cell"]).Single());
        foreach (
            string tag in new[]
            {
                "class-incremental/mean",
                "class-incremental/task-1",
                "task-incremental/task-2",
                "end/forgetting",
                "end/bytesUp",
            }
        )
            Assert.Contains(records, record => record.Contains(tag, StringComparison.Ordinal));
        // after each of two tasks
        Assert.Equal(2, records.Count(record => record.Contains("class-incremental/mean", StringComparison.Ordinal)));
    }

    [Fact]
    public void Write_AgainAfterAFailure_ReplacesTheFile()
    {
        Write();
        Write();
        Assert.Single(Directory.GetFiles(_folder["cell"]));
    }

    public void Dispose() => _folder.Dispose();

    private void Write() => EventFile.Write(_folder["cell"], Documents.Of(TinyPlan.Cell, 0.25, 0.75));

    /// <summary>
    /// The records of TensorFlow's format: length, checksum of the length, bytes, checksum of the bytes.
    /// </summary>
    private static string[] Records(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        List<string> records = [];
        for (int at = 0; at < bytes.Length; )
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
            records.Add(Encoding.Latin1.GetString(bytes, at + 12, length));
            at += 12 + length + 4;
        }

        return [.. records];
    }
}
