using Dmkd.Core.Checkpoints;
using static TorchSharp.torch;

namespace Dmkd.Client.Evaluation;

/// <summary>A TorchScript program, which brings its own architecture. Owns its tensors.</summary>
internal sealed class TestedProgram : ITestedModel
{
    private readonly TorchScriptTeacher _program;
    private readonly int _classCount;

    /// <summary>Loads a program.</summary>
    /// <param name="path">What <c>torch.jit.save</c> wrote, by someone whom the user trusts.</param>
    /// <param name="classCount">Classes of the data set.</param>
    public TestedProgram(string path, int classCount)
    {
        _classCount = classCount;
        _program = TorchScriptTeacher.Load(path);
    }

    /// <exception cref="BadInputException">The outputs are not one number for each image and class.</exception>
    public Tensor Logits(Tensor input)
    {
        var logits = _program.Forward(input);
        if (logits.shape is [var rows, var columns] && rows == input.shape[0] && columns == _classCount) return logits.to(ScalarType.Float32);
        throw new BadInputException(
            $"The TorchScript program gives outputs of shape [{string.Join(", ", logits.shape)}] for {input.shape[0]} images; for this data set it must be [{input.shape[0]}, {_classCount}].");
    }

    public void Dispose() => _program.Dispose();
}
