using Dmkd.Client.Errors;
using Dmkd.Client.Files;
using Dmkd.Client.Rendering;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Client.Evaluation;

/// <summary>A model that <c>evaluate</c> asks. Owns its tensors.</summary>
internal interface ITestedModel : IDisposable
{
    /// <summary>Logits of a batch.</summary>
    /// <param name="input">Normalised images, shape [n, channels, size, size]. Borrowed.</param>
    /// <returns>Shape [n, classes], owned by the caller.</returns>
    Tensor Logits(Tensor input);
}

/// <summary>A checkpoint in a network of the architecture that the user named. Owns its tensors.</summary>
internal sealed class TestedNetwork : ITestedModel
{
    private readonly Network _network;

    /// <summary>Builds the network.</summary>
    /// <param name="architecture">What the weights are for.</param>
    /// <param name="content">Weights as <see cref="WeightCodec"/> writes them.</param>
    public TestedNetwork(NetworkArchitecture architecture, byte[] content)
    {
        using var weights = WeightCodec.Decode(content);
        _network = NetworkLoader.Load(architecture, weights, CPU);
    }

    public Tensor Logits(Tensor input) => _network.forward(input);

    public void Dispose() => _network.Dispose();
}

/// <summary>A TorchScript program, which brings its own architecture. Owns its tensors.</summary>
internal sealed class TestedProgram : ITestedModel
{
    private readonly TorchScriptTeacher _program;
    private readonly int _classCount;
    private bool _isExamined;

    /// <summary>Loads a program.</summary>
    /// <param name="path">What <c>torch.jit.save</c> wrote, by someone whom the user trusts.</param>
    /// <param name="classCount">Classes of the data set.</param>
    public TestedProgram(string path, int classCount)
    {
        _classCount = classCount;
        _program = TorchScriptTeacher.Load(path);
    }

    /// <summary>The first batch is asked several times, so that a program without one answer is refused.</summary>
    /// <exception cref="BadInputException">The outputs are not one number for each image and class.</exception>
    /// <exception cref="CheckpointFormatException">The program fails, or has no one answer.</exception>
    public Tensor Logits(Tensor input)
    {
        if (!_isExamined)
        {
            _isExamined = true;
            _program.Examine(input);
            if (_program.GivesProbabilities)
                Notice.All([
                    "the program ends in a softmax: its outputs are probabilities, and their logarithms are taken as logits",
                ]);
        }

        var logits = _program.Logits(input);
        if (logits.shape is [var rows, var columns] && rows == input.shape[0] && columns == _classCount)
            return logits;
        throw new BadInputException(
            $"The TorchScript program gives outputs of shape [{string.Join(", ", logits.shape)}] for "
                + $"{input.shape[0]} images; for this data set it must be [{input.shape[0]}, {_classCount}]."
        );
    }

    public void Dispose() => _program.Dispose();
}

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
