using System.Collections;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>
/// A network saved as a TorchScript program, used as it is: its outputs and the gradients of its parameters. Owns its
/// tensors.
/// </summary>
/// <remarks>
/// A TorchScript file is a program that libtorch interprets. It may use the operators of networks only, and still it must
/// come from someone you trust.
/// </remarks>
public sealed class TorchScriptTeacher : IDisposable
{
    /// <summary>Largest file.</summary>
    public const long MaxFileBytes = 4L << 30;

    private const double SumTolerance = 1e-3; // half precision keeps three digits
    private const double Smallest = 1e-30; // the logarithm of 0 is no logit

    private readonly jit.ScriptModule<Tensor, object> _module;

    private TorchScriptTeacher(jit.ScriptModule<Tensor, object> module)
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

    /// <summary>
    /// Whether the program ends in a softmax, so that <see cref="Logits"/> takes the logarithm of what it gives. Known
    /// after <see cref="Examine"/>.
    /// </summary>
    public bool GivesProbabilities { get; private set; }

    /// <summary>Loads a program.</summary>
    /// <param name="path">What <c>torch.jit.save</c> wrote, at most 4 GiB.</param>
    /// <returns>The network in evaluation mode on the CPU, owned by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The file is no TorchScript program, is too large, or uses what no
    /// network needs.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TorchScriptTeacher Load(string path)
    {
        long bytes = new FileInfo(path).Length;
        if (bytes > MaxFileBytes)
            throw new CheckpointFormatException(
                $"{path}: a TorchScript file must have at most {MaxFileBytes} bytes; it has {bytes}."
            );
        string copy = Path.Combine(Path.GetTempPath(), $"dmkd-program-{Guid.NewGuid():N}.pt");
        try
        {
            TorchScriptArchive.Copy(path, copy);
            return new TorchScriptTeacher(jit.load<Tensor, object>(copy));
        }
        catch (ExternalException e)
        {
            string cause = CauseOf(e).Replace(copy, path, StringComparison.Ordinal);
            throw new CheckpointFormatException($"{path}: libtorch refuses this TorchScript program: {cause}", e);
        }
        finally
        {
            File.Delete(copy);
        }
    }

    /// <summary>Runs the network, recording gradients when the caller's mode does.</summary>
    /// <param name="input">Of the shape that the program takes. Borrowed.</param>
    /// <returns>Its output, owned by the caller; of several the first.</returns>
    /// <exception cref="CheckpointFormatException">The program fails on this input, or gives no tensor.</exception>
    /// <exception cref="ConvolutionException">This machine's convolutions are wrong.</exception>
    public Tensor Forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Convolution.Require(); // its own are libtorch's, which are mended or switched before
        using var scope = NewDisposeScope();
        try
        {
            object? output = _module.forward(input);
            var first =
                FirstTensor(output)
                ?? throw new CheckpointFormatException(
                    $"The TorchScript program returns {Described(output)}; it must return the logits as a tensor."
                );
            return first.MoveToOuterDisposeScope();
        }
        catch (ExternalException e)
        {
            throw Failure(input, CauseOf(e), e);
        }
        catch (Exception e)
            when (e
                    is NotImplementedException
                        or NotSupportedException
                        or InvalidOperationException
                        or ArgumentOutOfRangeException
            )
        {
            throw Failure(input, "it returns neither a tensor nor a list or tuple of tensors (a dictionary?)", e);
        }
    }

    /// <summary>Runs the network without gradients.</summary>
    /// <param name="input">Of the shape that the program takes. Borrowed.</param>
    /// <returns>Its logits as float32, or the logarithms of its probabilities; owned by the caller.</returns>
    /// <exception cref="CheckpointFormatException">As for <see cref="Forward"/>.</exception>
    public Tensor Logits(Tensor input)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var output = Forward(input).to(ScalarType.Float32);
        var logits = GivesProbabilities ? output.clamp_min(Smallest).log() : output;
        return logits.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Asks a batch twice and in halves, and looks whether the answers are probabilities.
    /// </summary>
    /// <param name="input">Some of the images that will be asked for, at least one. Borrowed.</param>
    /// <exception cref="CheckpointFormatException">The answers differ: to the same images, or with the other images of
    /// the batch.</exception>
    public void Examine(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        long rows = input.shape[0];
        var first = Forward(input).to(ScalarType.Float32);
        if (first.shape.Length != 2 || first.shape[0] != rows)
            return; // said by who knows what the shape must be
        var again = Forward(input).to(ScalarType.Float32);
        if (DifferenceOf(first, again) is { } difference)
            throw new CheckpointFormatException(
                $"The TorchScript program gives two answers to the same images ({difference}): it was saved in training "
                    + "mode, with dropout; call eval() before it is traced or scripted."
            );
        GivesProbabilities = AreProbabilities(first);
        if (rows < 2)
            return;
        var halves = cat([Forward(input.narrow(0, 0, rows / 2)), Forward(input.narrow(0, rows / 2, rows - rows / 2))]);
        if (DifferenceOf(first, halves.to(ScalarType.Float32)) is { } mixed)
            throw new CheckpointFormatException(
                $"The TorchScript program's answer to an image depends on the other images of its batch ({mixed}): it was "
                    + "saved in training mode, with batch normalisation; call eval() before it is traced or scripted."
            );
    }

    /// <summary>Releases the network.</summary>
    public void Dispose()
    {
        foreach (var (_, parameter) in Parameters)
            parameter.Dispose();
        _module.Dispose();
    }

    /// <summary>Whether rows are shares of 1.</summary>
    /// <param name="rows">Shape [n, outputs]. Borrowed.</param>
    internal static bool AreProbabilities(Tensor rows)
    {
        using var scope = NewDisposeScope();
        if (rows.shape is not [> 0, > 1] || !rows.isfinite().all().item<bool>() || rows.lt(0).any().item<bool>())
            return false;
        return rows.to(ScalarType.Float64).sum(1).sub(1).abs().max().item<double>() < SumTolerance;
    }

    private static string? DifferenceOf(Tensor first, Tensor second)
    {
        const double Tolerance = 1e-3; // other sums of the same numbers differ by far less
        double difference = (first - second).abs().nan_to_num(0).max().item<float>(),
            size = first.abs().nan_to_num(0).max().item<float>();
        return difference > Tolerance * Math.Max(size, 1)
            ? FormattableString.Invariant($"they differ by up to {difference:G3}")
            : null;
    }

    private CheckpointFormatException Failure(Tensor input, string cause, Exception e)
    {
        string shape = string.Join(", ", input.shape);
        var types = Parameters.Select(parameter => parameter.Value.dtype).Distinct().ToArray();
        string hint =
            types is [var type] && type != input.dtype ? $" Its weights are {type}; save it with float()." : "";
        return new CheckpointFormatException(
            $"The TorchScript program fails on an input of shape [{shape}]: {cause}{hint}",
            e
        );
    }

    private static Tensor? FirstTensor(object? output) =>
        output switch
        {
            Tensor tensor => tensor,
            IDictionary dictionary => FirstTensor(dictionary["logits"] ?? dictionary["out"]),
            ITuple { Length: > 0 } tuple => FirstTensor(tuple[0]),
            IEnumerable<Tensor> tensors => tensors.FirstOrDefault(),
            object[] { Length: > 0 } objects => FirstTensor(objects[0]),
            _ => null,
        };

    private static string Described(object? output) =>
        output switch
        {
            null => "nothing",
            ITuple => "a tuple that does not begin with a tensor",
            IDictionary => "a dictionary without an entry 'logits' or 'out'",
            IEnumerable and not string => "a list that does not begin with a tensor",
            _ => $"a {output.GetType().Name}",
        };

    /// <summary>The last error that the interpreter reports; what comes before it is its way there.</summary>
    private static string CauseOf(ExternalException e)
    {
        const string Mark = "Error: ";
        string[] lines = [.. e.Message.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        string? cause = lines.LastOrDefault(line => line.Split(' ')[0].EndsWith("Error:", StringComparison.Ordinal));
        if (cause is not null)
            return Ended(cause[(cause.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length)..]);
        return Ended(lines.Length == 0 ? "no reason is given" : lines[0]);
    }

    private static string Ended(string sentence) => sentence.EndsWith('.') ? sentence : sentence + '.';
}
