namespace Dmkd.Core.Models;

/// <summary>
/// The operators that networks are made of, by their names in TorchScript; one that ends in an underscore works in
/// place. None of them reads a file, opens a connection or starts a program. Add what a network needs.
/// </summary>
internal static class TorchScriptOperators
{
    private static readonly string[] Dimensions = ["1", "2", "3"];

    private static readonly HashSet<string> Operators = Words(
        """
        abs absolute acos acosh adaptive_avg_pool{n}d adaptive_max_pool{n}d add addbmm addcdiv addcmul addmm addmv
        addr affine_grid_generator alias all allclose alpha_dropout amax amin aminmax angle any arange arccos arcsin
        arctan argmax argmin argsort as_strided asin asinh atan atan2 atanh atleast_{n}d avg_pool{n}d baddbmm
        batch_norm bernoulli bilinear bitwise_and bitwise_not bitwise_or bitwise_xor block_diag bmm broadcast_tensors
        broadcast_to bucketize cartesian_prod cat cdist ceil celu channel_shuffle cholesky chunk clamp clamp_max
        clamp_min clip clone col2im column_stack complex concat conj constant_pad_nd contiguous conv_tbc
        conv_transpose{n}d convolution conv{n}d copy copysign cos cosh cosine_embedding_loss cosine_similarity
        count_nonzero cross cross_entropy_loss cudnn_is_acceptable cummax cummin cumprod cumsum deg2rad det detach
        diag diag_embed diagonal diff dim dist div divide dot dropout dsplit dstack einsum elu embedding embedding_bag
        empty empty_like empty_strided eq equal erf erfc erfinv exp exp2 expand expand_as expm1 eye
        feature_alpha_dropout feature_dropout fft_fft fft_fft2 fft_fftshift fft_ifft fft_ifft2 fft_ifftshift fft_irfft
        fft_irfft2 fft_rfft fft_rfft2 fill flatten flip fliplr flipud float_power floor floor_divide floordiv fmax
        fmin fmod frac frobenius_norm full full_like gather ge gelu glu greater greater_equal grid_sampler
        grid_sampler_2d grid_sampler_3d group_norm gru gru_cell gt hardshrink hardsigmoid hardswish hardtanh heaviside
        histc hsplit hstack huber_loss hypot im2col index index_add index_copy index_fill index_put index_select inner
        instance_norm interpolate is_complex is_contiguous is_floating_point is_nonzero is_same_size isclose isfinite
        isin isinf isnan isneginf isposinf item kl_div kthvalue l1_loss layer_norm le leaky_relu lerp less less_equal
        lift_fresh lift_fresh_copy linalg_cross linalg_inv linalg_matrix_norm linalg_norm linalg_vecdot
        linalg_vector_norm linear linspace log log10 log1p log2 log_sigmoid log_softmax logaddexp logaddexp2
        logical_and logical_not logical_or logical_xor logsumexp lstm lstm_cell lt masked_fill masked_scatter
        masked_select matmul matrix_power max max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices
        max_pool{n}d maximum mean median meshgrid min minimum mish mm mode moveaxis movedim mse_loss mul
        multi_head_attention_forward multiply mv nan_to_num nanmean nansum narrow narrow_copy native_batch_norm
        native_channel_shuffle native_dropout native_group_norm native_layer_norm ndim ne neg negative new_empty
        new_full new_ones new_zeros nll_loss nll_loss2d nonzero nonzero_numpy norm norm_except_dim normal not_equal
        numel numpy_T one_hot ones ones_like outer pad pairwise_distance permute pinverse pixel_shuffle
        pixel_unshuffle polar positive pow prelu prod quantile rad2deg rand rand_like randint randn randn_like
        randperm range ravel real reciprocal reflection_pad{n}d relu relu6 remainder renorm repeat repeat_interleave
        replication_pad{n}d requires_grad reshape reshape_as resolve_conj resolve_neg rms_norm rnn_relu rnn_relu_cell
        rnn_tanh rnn_tanh_cell roll rot90 round rrelu rsqrt rsub scalar_tensor scaled_dot_product_attention scatter
        scatter_add scatter_reduce searchsorted select select_scatter selu sgn sigmoid sign signbit silu sin sinc sinh
        size slice slice_scatter slogdet smooth_l1_loss soft_margin_loss softmax softplus softshrink softsign sort
        special_erf special_expit special_logit split split_with_sizes sqrt square squeeze stack std std_mean
        storage_offset stride sub subtract sum swapaxes swapdims t tan tanh tensor tensor_split tensordot threshold
        tile to topk trace transpose triangular_solve tril tril_indices triu triu_indices true_divide trunc type_as
        unbind unfold uniform unique_consecutive unsafe_chunk unsafe_split unsafe_split_with_sizes unsqueeze
        upsample_bicubic2d upsample_bilinear2d upsample_linear1d upsample_nearest1d upsample_nearest2d
        upsample_nearest3d upsample_nearest_exact2d upsample_trilinear3d var var_mean vdot view view_as vsplit vstack
        weight_norm where xlogy zero zeros zeros_like _adaptive_avg_pool2d _adaptive_avg_pool3d _assert_async
        _batch_norm_impl_index _cast_Float _cast_Half _conj _convolution _convolution_mode _dim_arange _embedding_bag
        _euclidean_dist _fft_c2c _fft_c2r _fft_r2c _log_softmax _masked_softmax _native_batch_norm_legit
        _native_batch_norm_legit_no_training _native_multi_head_attention _nested_tensor_from_mask
        _pack_padded_sequence _pad_packed_sequence _reshape_alias _reshape_copy _reshape_from_tensor _safe_softmax
        _scaled_dot_product_attention_math _scaled_dot_product_efficient_attention _scaled_dot_product_flash_attention
        _scaled_dot_product_flash_attention_for_cpu _shape_as_tensor _softmax _test_check_tensor
        _transform_bias_rescale_qkv _transformer_encoder_layer_fwd _trilinear _unsafe_view _upsample_bicubic2d_aa
        _upsample_bilinear2d_aa _upsample_nearest_exact2d _weight_norm _weight_norm_interface _wrapped_linear_prepack
        """
    );

    /// <summary>Numbers, texts, lists and dictionaries of the language itself.</summary>
    private static readonly HashSet<string> Language = Words(
        """
        Bool BoolImplicit Complex ComplexImplicit Delete Float FloatImplicit Int IntImplicit ScalarImplicit append
        as_tensor bin capitalize ceil chr clear contains copy count cpu degrees device dict dtype endswith erf expm1
        extend fabs factorial find floor format frexp gamma gcd get get_device hash hex index insert
        is_autocast_cpu_enabled is_autocast_enabled is_grad_enabled is_leaf is_scripting isalnum isalpha isdecimal
        isdigit isfinite isidentifier isinf islower isnan isnumeric isprintable isspace istitle isupper items join
        keys layout ldexp len lgamma list ljust log1p lower lstrip mathremainder modf oct ord percentFormat pop
        popitem pow radians remove replace reverse rfind rindex rjust rpartition rsplit rstrip set_grad_enabled
        setdefault sorted splitlines sqrt startswith str strip swapcase title translate update upper values warn zfill
        __and__ __contains__ __derive_index __getitem__ __iand__ __ilshift__ __interpolate __ior__ __is__ __isnot__
        __ixor__ __lshift__ __not__ __or__ __range_length __round_to_zero_floordiv __rshift__ __upsample
        __upsample_bilinear __upsample_nearest __xor__ _assert_int_or_pair _get_tracing_state _infer_size
        _list_to_tensor _no_grad_fill_ _no_grad_zero_ _set_item _size_if_not_equal _tensor_to_list _unwrap_optional
        """
    );

    private static readonly HashSet<string> Primitives = Words(
        """
        ListUnpack NumToTensor RaiseException TupleIndex TupleUnpack Uninitialized abs data device dtype grad is_cpu
        is_cuda is_meta is_mkldnn is_mps is_nested is_quantized is_sparse is_sparse_csr is_vulkan is_xla is_xpu
        isinstance itemsize layout max min name nbytes rangelist requires_grad shape tolist type unchecked_cast
        unchecked_unwrap_optional
        """
    );

    /// <summary>Whether networks use an operator, such as <c>relu_</c>.</summary>
    public static bool Contains(string name) =>
        Operators.Contains(name)
        || Language.Contains(name)
        || Operators.Contains(name.EndsWith('_') ? name[..^1] : name);

    /// <summary>Whether networks use an operator of a namespace, such as <c>ops.prim.NumToTensor</c>.</summary>
    public static bool ContainsQualified(string name) =>
        name.Split('.') switch
        {
            ["ops", "prim", var primitive] => Primitives.Contains(primitive),
            ["ops", "aten", var known] => Contains(known),
            _ => false,
        };

    /// <summary>Whether it is one of the language's own functions.</summary>
    public static bool IsMethod(string name) => Primitives.Contains(name);

    private static HashSet<string> Words(string text) =>
        text.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(word => Dimensions.Select(n => word.Replace("{n}", n, StringComparison.Ordinal)))
            .ToHashSet(StringComparer.Ordinal);
}
