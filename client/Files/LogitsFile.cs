using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Client.Files;

/// <summary>The logits of test images as safetensors: one float32 tensor, in image order.</summary>
internal static class LogitsFile
{
    /// <summary>Name of the tensor.</summary>
    public const string TensorName = "logits";

    /// <summary>
    /// Writes them; nothing but the logits decides the bytes, so that files of two models can be compared.
    /// </summary>
    /// <param name="output">Receives them and is committed.</param>
    /// <param name="logits">Row by row, rows * columns of them.</param>
    /// <param name="rows">Images.</param>
    /// <param name="columns">Classes.</param>
    public static long Write(OutputFile output, float[] logits, int rows, int columns)
    {
        using var tensor = from_array(logits).reshape(rows, columns);
        SafeTensorsWriter.Write(
            output.Content,
            [KeyValuePair.Create(TensorName, tensor)],
            new Dictionary<string, string>([Lineage.Format])
        );
        return output.Commit();
    }
}
