using System.IO.Compression;
using System.Runtime.InteropServices;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>
/// A network saved as a TorchScript program, used as it is: its outputs and the gradients of its parameters. Owns its
/// tensors.
/// </summary>
/// <remarks>
/// A TorchScript file is a program that libtorch interprets. Unlike a checkpoint it must come from someone you trust.
/// </remarks>
public sealed class TorchScriptTeacher : IDisposable
{
    /// <summary>Largest file.</summary>
    public const long MaxFileBytes = 4L << 30;

    private readonly jit.ScriptModule<Tensor, Tensor> _module;

    private TorchScriptTeacher(jit.ScriptModule<Tensor, Tensor> module)
    {
        _module = module;
        _module.eval();
        Parameters =
        [
            .. module
                .named_parameters()
                .Select(parameter =>
                    KeyValuePair.Create(parameter.name, (Tensor)parameter.parameter.DetachFromDisposeScope())
                ),
        ];
    }

    /// <summary>
    /// The trained parameters by name; they require gradients. They live until the teacher is disposed.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Parameters { get; }

    /// <summary>Loads a program.</summary>
    /// <param name="path">What <c>torch.jit.save</c> wrote, at most 4 GiB.</param>
    /// <returns>The network in evaluation mode on the CPU, owned by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The file is no TorchScript program or is too large.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TorchScriptTeacher Load(string path)
    {
        CheckFile(path);
        try
        {
            return new TorchScriptTeacher(jit.load<Tensor, Tensor>(path));
        }
        catch (ExternalException e)
        {
            throw new CheckpointFormatException(
                $"{path}: libtorch refuses this TorchScript program: {FirstLine(e)}",
                e
            );
        }
    }

    /// <summary>Runs the network, recording gradients when the caller's mode does.</summary>
    /// <param name="input">Of the shape that the program takes. Borrowed.</param>
    /// <returns>Its output, owned by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The program fails on this input.</exception>
    /// <exception cref="ConvolutionException">This machine's convolutions are wrong.</exception>
    public Tensor Forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Convolution.Require(); // its own are libtorch's, which are mended or switched before
        try
        {
            return _module.forward(input);
        }
        catch (ExternalException e)
        {
            throw new CheckpointFormatException(
                $"The TorchScript program fails on an input of shape [{string.Join(", ", input.shape)}]: {FirstLine(e)}",
                e
            );
        }
    }

    /// <summary>Releases the network.</summary>
    public void Dispose()
    {
        foreach (var (_, parameter) in Parameters)
            parameter.Dispose();
        _module.Dispose();
    }

    private static void CheckFile(string path)
    {
        using var file = File.OpenRead(path);
        if (file.Length > MaxFileBytes)
            throw new CheckpointFormatException(
                $"{path}: a TorchScript file must have at most {MaxFileBytes} bytes; it has {file.Length}."
            );
        try
        {
            using var archive = new ZipArchive(file, ZipArchiveMode.Read);
            if (archive.Entries.Any(entry => entry.FullName.EndsWith("/constants.pkl", StringComparison.Ordinal)))
                return;
        }
        catch (Exception e) when (ZipEntryStream.IsZipProblem(e))
        {
            throw new CheckpointFormatException($"{path}: is no readable zip archive, as TorchScript files are.", e);
        }

        throw new CheckpointFormatException(
            $"{path}: has no constants.pkl, so it is no TorchScript program; read state dicts as checkpoints."
        );
    }

    private static string FirstLine(ExternalException e) => e.Message.Split('\n', 2)[0].Trim();
}
