using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using static TorchSharp.torch.utils.tensorboard;

namespace Dmkd.Experiments.Protocol;

/// <summary>How results are written as JSON: the names and forms of <c>run --json</c>.</summary>
internal static class ExperimentJson
{
    /// <summary>For files that people look at.</summary>
    public static JsonSerializerOptions Indented { get; } = Make(indented: true);

    /// <summary>For files with one document per line.</summary>
    public static JsonSerializerOptions Line { get; } = Make(indented: false);

    private static JsonSerializerOptions Make(bool indented) =>
        new(JsonSerializerDefaults.Web)
        {
            WriteIndented = indented,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // no web page: names stay readable
            NumberHandling =
                JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        };
}

/// <summary>A cell's curves for TensorBoard: accuracies after each task, and the measures at the end.</summary>
internal static class EventFile
{
    /// <summary>Writes the curves, replacing those of an earlier attempt.</summary>
    /// <param name="folder">Folder of the cell's event file.</param>
    /// <param name="document">The cell.</param>
    public static void Write(string folder, CellDocument document)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        var writer = SummaryWriter(folder, createRunName: false);
        AddMatrix("class-incremental", document.AccuracyMatrix.ClassIncremental);
        AddMatrix("task-incremental", document.AccuracyMatrix.TaskIncremental);
        foreach (
            var (name, value) in new (string, double)[]
            {
                ("macroF1", document.MacroF1),
                ("forgetting", document.Forgetting),
                ("taskDetectionRate", document.TaskDetectionRate),
                ("bytesUp", document.BytesUp),
                ("bytesDown", document.BytesDown),
                ("macsPerInput", document.MacsPerInput),
                ("deviceSeconds", document.DeviceSeconds),
            }
        )
            writer.add_scalar($"end/{name}", (float)value, document.Tasks);

        void AddMatrix(string name, double[][] rows)
        {
            for (int task = 0; task < rows.Length; task++)
            {
                writer.add_scalar($"{name}/mean", (float)rows[task].Average(), task + 1);
                for (int on = 0; on <= task; on++)
                    writer.add_scalar($"{name}/task-{on + 1}", (float)rows[task][on], task + 1);
            }
        }
    }
}
